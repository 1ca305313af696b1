using System.Diagnostics;
using AlpacaCot.Tests.LocalSilo.Conformance;
using AlpacaCot.Tests.LocalSilo.Processes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using global::Orleans.Runtime.Messaging;

namespace AlpacaCot.Tests.LocalSilo.Gateway;

public sealed class GatewayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Socket => _folder["gw.sock"];

    public void Dispose() => _folder.Dispose();

    internal static async Task<IHost> ConnectAsync(string socket, Action<IClientBuilder>? configure = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleansClient(client =>
        {
            client.UseLocalGateway(socket);
            configure?.Invoke(client);
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    [Fact]
    public async Task Calls_FromAnotherProcess_ReachTheGrainAndItsState()
    {
        using var silo = await ChildProcess.StartAsync("idle", _folder["state"], Socket);
        using var client = await ConnectAsync(Socket);
        var counter = client.Services.GetRequiredService<IClusterClient>().GetGrain<IDurableCounterGrain>("x");
        Assert.Equal(3, await counter.Add(3));
        Assert.Equal(5, await counter.Add(2));
        var many = Enumerable.Range(0, 200).Select(i => client.Services.GetRequiredService<IGrainFactory>().GetGrain<IDurableCounterGrain>($"n{i % 10}").Add(1));
        await Task.WhenAll(many);
        Assert.Equal(20, await client.Services.GetRequiredService<IGrainFactory>().GetGrain<IDurableCounterGrain>("n3").Get());
    }

    [Fact]
    public async Task SiloKilled_CallInFlight_FailsAndTheNextReconnects()
    {
        using var client = await ConnectAndKillAsync();
        var counter = client.Services.GetRequiredService<IClusterClient>().GetGrain<IDurableCounterGrain>("x");
        var error = await Assert.ThrowsAsync<ConnectionFailedException>(() => counter.Add(1));
        Assert.Contains(Socket, error.Message, StringComparison.Ordinal);
        // The dead silo's socket file is still there; its successor replaces it.
        Assert.True(File.Exists(Socket));
        using var next = await ChildProcess.StartAsync("idle", _folder["state"], Socket);
        Assert.Equal(8, await counter.Add(1));
    }

    private async Task<IHost> ConnectAndKillAsync()
    {
        using var silo = await ChildProcess.StartAsync("idle", _folder["state"], Socket);
        var client = await ConnectAsync(Socket);
        var grains = client.Services.GetRequiredService<IClusterClient>();
        Assert.Equal(7, await grains.GetGrain<IDurableCounterGrain>("x").Add(7));
        var stuck = grains.GetGrain<ITurnGrain>("stuck").Block();
        await Poll.UntilAsync(grains.GetGrain<ITurnGrain>("stuck").IsBlocked, "blocked");
        silo.Kill();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => stuck.WaitAsync(TimeSpan.FromSeconds(10)));
        return client;
    }

    [Fact]
    public async Task Connect_WithoutSilo_FailsAtOnceWithThePath()
    {
        var error = await Assert.ThrowsAsync<ConnectionFailedException>(() => ConnectAsync(Socket));
        Assert.Contains(Socket, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_WithRetryFilter_WaitsForTheSilo()
    {
        var tries = 0;
        TestSilo? silo = null;
        using var client = await ConnectAsync(Socket, builder => builder.UseConnectionRetryFilter(async (_, _) =>
        {
            if (++tries == 2) silo = await TestSilo.StartAsync(b => b.UseLocalGateway(Socket));
            return true;
        }));
        Assert.Equal(2, tries);
        Assert.Equal("t", await client.Services.GetRequiredService<IClusterClient>().GetGrain<ITurnGrain>("t").Touch());
        await silo!.DisposeAsync();
    }

    [Fact]
    public async Task SecondSilo_OnTheSameSocket_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync(b => b.UseLocalGateway(Socket));
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => TestSilo.StartAsync(b => b.UseLocalGateway(Socket)));
        Assert.Contains("another silo listens", error.Message, StringComparison.Ordinal);
        using var client = await ConnectAsync(Socket);
        Assert.Equal("t", await client.Services.GetRequiredService<IClusterClient>().GetGrain<ITurnGrain>("t").Touch());
    }

    [Fact]
    public async Task OversizedMessage_FailsAlone()
    {
        await using var silo = await TestSilo.StartAsync(b => b.UseLocalGateway(Socket).Configure<global::Orleans.Configuration.SiloMessagingOptions>(o => o.MaxMessageBodySize = 1 << 16));
        using var client = await ConnectAsync(Socket, b => b.Configure<global::Orleans.Configuration.ClientMessagingOptions>(o => o.MaxMessageBodySize = 1 << 16));
        var grain = client.Services.GetRequiredService<IClusterClient>().GetGrain<IBlobGrain>("b");
        var request = await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Size(new byte[1 << 17]));
        Assert.Contains("MaxMessageBodySize", request.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Make(1 << 17));
        Assert.Equal(1000, await grain.Size(await grain.Make(1000)));
    }

    [Fact]
    public async Task Stop_WhileAClientIsConnected_IsQuickAndRemovesTheSocket()
    {
        var silo = await TestSilo.StartAsync(b => b.UseLocalGateway(Socket));
        using var client = await ConnectAsync(Socket);
        await client.Services.GetRequiredService<IClusterClient>().GetGrain<ITurnGrain>("t").Touch();
        var watch = Stopwatch.StartNew();
        await silo.DisposeAsync();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"stopping took {watch.Elapsed}");
        Assert.False(File.Exists(Socket));
    }
}

public interface IBlobGrain : IGrainWithStringKey
{
    Task<int> Size(byte[] bytes);

    Task<byte[]> Make(int size);
}

public class BlobGrain : Grain, IBlobGrain
{
    public Task<int> Size(byte[] bytes) => Task.FromResult(bytes.Length);

    public Task<byte[]> Make(int size) => Task.FromResult(new byte[size]);
}
