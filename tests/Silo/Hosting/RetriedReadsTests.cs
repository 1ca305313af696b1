using AlpacaCot.Client.Library.Hosting;
using AlpacaCot.Files;
using AlpacaCot.Grains;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Silo;
using AlpacaCot.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Tests.Silo.Hosting;

/// <summary>A client whose calls are not answered.</summary>
public sealed class RetriedReadsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A silo that leaves the first calls of a method unanswered.</summary>
    private async Task<(IHost Silo, IHost Client)> StartAsync(string method, int unanswered, List<string> calls)
    {
        var home = new HomeLayout(_folder.Path);
        var silo = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        silo.Services.AddSingleton(TimeProvider.System).AddPlatformGrains(new SlotOptions { WorkerProgram = "/none", SocketFolder = home.Run, LogFolder = home.Logs }, home);
        silo.Services.AddSingleton<IIncomingGrainCallFilter>(new Silent(method, unanswered, calls));
        silo.AddSilo(home, new SiloArguments { Slots = [] });
        var host = silo.Build();
        await host.StartAsync();
        var client = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        client.AddSiloClient(home);
        var connected = client.Build();
        await connected.StartAsync();
        return (host, connected);
    }

    private sealed class Silent(string method, int unanswered, List<string> calls) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName != method) return context.Invoke();
            lock (calls) calls.Add(method);
            return calls.Count <= unanswered ? throw new TimeoutException("no answer in time") : context.Invoke();
        }
    }

    [Fact]
    public async Task Read_NotAnsweredOnce_IsAskedAgain()
    {
        var calls = new List<string>();
        var (silo, client) = await StartAsync(nameof(ISweepGrain.GetStatusAsync), 1, calls);
        using (silo)
        using (client)
        {
            Assert.Equal("unknown", (await client.Services.GetRequiredService<IClusterClient>().GetGrain<ISweepGrain>("e/s").GetStatusAsync()).State);
            Assert.Equal(2, calls.Count);
            await client.StopAsync();
            await silo.StopAsync();
        }
    }

    [Fact]
    public async Task Command_NotAnswered_IsNotRepeated()
    {
        var calls = new List<string>();
        var (silo, client) = await StartAsync(nameof(ISweepGrain.ResumeAsync), 1, calls);
        using (silo)
        using (client)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => client.Services.GetRequiredService<IClusterClient>().GetGrain<ISweepGrain>("e/s").ResumeAsync(retryFailed: false));
            Assert.Single(calls);
            await client.StopAsync();
            await silo.StopAsync();
        }
    }
}
