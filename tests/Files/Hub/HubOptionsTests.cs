using AlpacaCot.Files.Hub;

namespace AlpacaCot.Tests.Files.Hub;

/// <summary>What the environment says about the hub.</summary>
public sealed class HubOptionsTests
{
    [Fact]
    public void Of_Variables_MirrorTokenAndOffline()
    {
        var options = HubOptions.Of("/r", name => name switch { "HF_ENDPOINT" => "https://mirror.example/x", "HF_TOKEN" => "secret\n", "HF_HUB_OFFLINE" => "1", _ => null });
        Assert.Equal([new Uri("https://mirror.example/x")], options.BaseAddresses);
        Assert.Equal(("secret", true), (options.Token, options.Offline));
        var none = HubOptions.Of("/r", _ => "");
        Assert.Equal((null, false, "huggingface.co"), (none.Token, none.Offline, none.BaseAddresses[0].Host));
        Assert.Contains("HF_ENDPOINT", Assert.Throws<HubException>(() => HubOptions.Of("/r", name => name == "HF_ENDPOINT" ? "mirror" : null)).Message, StringComparison.Ordinal);
    }
}
