using AlpacaCot.Tests.LocalSilo.Gateway;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.Tests.LocalSilo;

/// <summary>A silo and a client in two hosts that know each other by the gateway's socket alone.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private TestSilo _silo = null!;
    private IHost _client = null!;

    public IGrainFactory Grains => _client.Services.GetRequiredService<IClusterClient>();

    public async ValueTask InitializeAsync()
    {
        _silo = await TestSilo.StartAsync(builder => builder.UseLocalGateway(_folder["gw.sock"]));
        _client = await GatewayTests.ConnectAsync(_folder["gw.sock"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.StopAsync();
        _client.Dispose();
        await _silo.DisposeAsync();
        _folder.Dispose();
    }
}
