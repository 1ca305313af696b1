using System.Net;
using AlpacaCot.Silo;

namespace AlpacaCot.Tests.Silo;

/// <summary>The silo's command line.</summary>
public sealed class SiloArgumentsTests
{
    private static SiloArguments Parse(string line) => SiloArguments.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Parse_Nothing_IsOneCpuSlotWithoutHttp()
    {
        var parsed = Parse("");
        Assert.Equal(("local", "cpu0", null), (parsed.Node, string.Join(" ", parsed.Slots), parsed.Port));
        Assert.Empty(parsed.WorkerArguments);
    }

    [Theory]
    [InlineData("--slots 3", "cpu0 cpu1 cpu2")]
    [InlineData("--gpus 2", "gpu0 gpu1")]
    [InlineData("--slots 1 --gpus 2", "cpu0 gpu0 gpu1")]
    [InlineData("--gpus 1 --slots 2", "cpu0 cpu1 gpu0")]
    public void Parse_Slots(string line, string slots) => Assert.Equal(slots, string.Join(" ", Parse(line).Slots));

    [Fact]
    public void Parse_Everything()
    {
        var parsed = Parse("--node n1 --port 8088 --stub-workers 0.5");
        Assert.Equal(("n1", 8088), (parsed.Node, parsed.Port));
        Assert.Equal(["--stub", "0.5"], parsed.WorkerArguments);
    }

    [Fact]
    public void Parse_Network()
    {
        var parsed = Parse("--port 1 --bind 0.0.0.0 --api-key k --address 10.0.0.1 --silo-port 11111 --gateway-port 30000");
        Assert.Equal((IPAddress.Any, "k", (IPAddress.Parse("10.0.0.1"), 11111, 30000)), (parsed.Bind, parsed.ApiKey, parsed.Endpoint));
    }

    [Fact]
    public void Parse_HostsAndSilence()
    {
        var parsed = Parse("--allow-host a.example --allow-host b.example --worker-silence 90");
        Assert.Equal(["a.example", "b.example"], parsed.Hosts);
        Assert.Equal(TimeSpan.FromSeconds(90), parsed.WorkerSilence);
        Assert.Null(Parse("").WorkerSilence);
    }

    [Fact]
    public void Node_InACluster_IsTheMachines() => Assert.Equal(Environment.MachineName, new SiloArguments { Cluster = "Host=x" }.Node);

    [Theory]
    [InlineData("--slots", "needs a value")]
    [InlineData("--slots 0", "no positive number")]
    [InlineData("--slots -1", "no positive number")]
    [InlineData("--slots 1.5", "no positive number")]
    [InlineData("--slots 2147483647", "--slots 2147483647 is over 4096")]
    [InlineData("--gpus 2147483647", "--gpus 2147483647 is over 4096")]
    [InlineData("--port x", "no positive number")]
    [InlineData("--port 70000", "65535")]
    [InlineData("--gateway-port 70000", "65535")]
    [InlineData("--bind here", "no IP address")]
    [InlineData("--address here", "no IP address")]
    [InlineData("--node a/b", "'/'")]
    [InlineData("--allow-host a/b", "no host's name")]
    [InlineData("--worker-silence soon", "no positive number")]
    [InlineData("--stub-workers soon", "seconds")]
    [InlineData("--stub-workers -1", "seconds")]
    [InlineData("--stub-workers NaN", "seconds")]
    [InlineData("--slot 1", "known are --node, --slots")]
    public void Parse_Wrong_SaysWhat(string line, string says) => Assert.Contains(says, Assert.Throws<FormatException>(() => Parse(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_EmptyNode_IsRefused() => Assert.Throws<FormatException>(() => SiloArguments.Parse(["--node", ""]));
}
