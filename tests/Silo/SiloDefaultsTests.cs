using System.Net;
using AlpacaCot.Silo;

namespace AlpacaCot.Tests.Silo;

/// <summary>What a silo does that is told nothing.</summary>
public sealed class SiloDefaultsTests
{
    [Fact]
    public void Parse_Nothing_ServesThisMachineAlone()
    {
        Assert.Equal(IPAddress.Loopback, SiloArguments.Parse([]).Bind);
        Assert.Null(SiloArguments.Parse([]).Port);
        Assert.Equal(IPAddress.Any, SiloArguments.Parse(["--bind", "0.0.0.0"]).Bind);
    }
}
