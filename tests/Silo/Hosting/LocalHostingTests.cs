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

/// <summary>The silo of one machine and its client, as the two programs build them.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LocalHostingTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _folder = new();

    private HomeLayout Home => new(_folder.Path);

    public void Dispose() => _folder.Dispose();

    private IHost Silo() => Silo(Home);

    private static IHost Silo(HomeLayout home)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(TimeProvider.System).AddPlatformGrains(new SlotOptions { WorkerProgram = "/none", SocketFolder = home.Run, LogFolder = home.Logs }, home);
        builder.AddSilo(home, new SiloArguments { Slots = ["cpu0"] });
        return builder.Build();
    }

    private IHost Client() => Client(Home);

    private static IHost Client(HomeLayout home)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.AddSiloClient(home);
        return builder.Build();
    }

    private static Task<SlotStatus[]> AskAsync(IHost client) => client.Services.GetRequiredService<IClusterClient>().GetGrain<IDeviceRegistryGrain>("default").ListAsync();

    [Fact]
    public async Task Client_ReachesTheSiloByItsSocket_WhichIsItsOwnersAlone()
    {
        using var silo = Silo();
        await silo.StartAsync();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Home.SiloSocket));
        foreach (var folder in (string[])[Home.Run, Home.State]) Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        using var client = Client();
        await client.StartAsync();
        Assert.Equal(["local/cpu0"], (await AskAsync(client)).Select(slot => slot.Slot));
        await client.StopAsync();
        await silo.StopAsync();
        Assert.False(File.Exists(Home.SiloSocket), "the socket goes with its silo");
    }

    [Fact]
    public async Task SecondSilo_OfTheSameHome_IsRefusedBeforeItTouchesTheSocket()
    {
        using var silo = Silo();
        await silo.StartAsync();
        Assert.Contains("in use by another silo", Assert.Throws<OrleansConfigurationException>(Silo).Message, StringComparison.Ordinal);
        using var client = Client();
        await client.StartAsync();
        Assert.Single(await AskAsync(client));
        await client.StopAsync();
        await silo.StopAsync();
    }

    [Fact]
    public async Task Client_WhereNoSiloListens_FailsAtOnce()
    {
        Directory.CreateDirectory(Home.Run);
        // What a killed silo leaves.
        await File.WriteAllTextAsync(Home.SiloSocket, "");
        using var client = Client();
        await Assert.ThrowsAnyAsync<OrleansException>(() => client.StartAsync()).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Call_AfterTheSiloIsGone_EndsAtOnce()
    {
        var silo = Silo();
        await silo.StartAsync();
        using var client = Client();
        await client.StartAsync();
        Assert.Single(await AskAsync(client));
        await silo.StopAsync();
        silo.Dispose();
        await Assert.ThrowsAnyAsync<OrleansException>(() => AskAsync(client)).WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>The path of a Unix socket has about a hundred bytes.</summary>
    [Fact]
    public async Task Client_HomeOf200Characters_ReachesTheSiloAllTheSame()
    {
        var home = new HomeLayout(_folder[new string('h', 200)]);
        using var silo = Silo(home);
        await silo.StartAsync();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(home.SiloSocket));
        using var client = Client(home);
        await client.StartAsync();
        Assert.Equal(["local/cpu0"], (await AskAsync(client)).Select(slot => slot.Slot));
        await client.StopAsync();
        await silo.StopAsync();
    }
}
