using System.Net;
using System.Net.Sockets;
using AlpacaCot.Silo.Hosting;

namespace AlpacaCot.Tests.Silo.Hosting;

/// <summary>Where a silo of a cluster is reached.</summary>
public sealed class ClusterEndpointTests : IDisposable
{
    private readonly TemporaryFolder _run = new();

    public void Dispose() => _run.Dispose();

    private ClusterEndpoint Of(string node = "a", string host = "/tmp", IPAddress? address = null, int? silo = null, int? gateway = null)
        => ClusterEndpoint.Of(node, $"Host={host};Username=u", (address, silo, gateway), _run.Path);

    [Theory]
    [InlineData("/var/run/postgresql")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public void Address_DatabaseOnThisMachine_IsLoopback(string host) => Assert.Equal(IPAddress.Loopback, Of(host: host).Address);

    [Fact]
    public void Address_AndPorts_Given_AreTaken()
    {
        var endpoint = Of(address: IPAddress.Parse("10.1.2.3"), silo: 11111, gateway: 30000);
        Assert.Equal(new ClusterEndpoint("a", IPAddress.Parse("10.1.2.3"), 11111, 30000), endpoint);
    }

    [Fact]
    public void Ports_AreFreeAndDiffer_AndAreTheNodesOwnAfterwards()
    {
        var (a, b) = (Of("a"), Of("b"));
        Assert.Equal(4, new[] { a.SiloPort, a.GatewayPort, b.SiloPort, b.GatewayPort }.Distinct().Count());
        Assert.Equal((a, b), (Of("a"), Of("b")));
    }

    [Fact]
    public void Ports_TakenByAnotherProgram_AreReplaced()
    {
        var before = Of();
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Any, before.SiloPort));
        other.Listen();
        var after = Of();
        Assert.NotEqual(before.SiloPort, after.SiloPort);
        Assert.Equal(before.GatewayPort, after.GatewayPort);
    }

    [Fact]
    public void Ports_WhoseMemoryIsBroken_AreFreeOnes()
    {
        File.WriteAllText(_run["a.ports"], "x 99999999 -1");
        Assert.True(Of().SiloPort > 0);
    }
}
