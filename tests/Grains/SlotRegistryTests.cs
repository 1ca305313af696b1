using AlpacaCot.Grains.Slots;

namespace AlpacaCot.Tests.Grains;

/// <summary>Who has which slot.</summary>
public sealed class SlotRegistryTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private Platform _platform = null!;

    private ISlotRegistryGrain Registry => _platform.Registry;

    public async ValueTask InitializeAsync() => _platform = await Platform.StartAsync(_folder, slots: 0);

    public async ValueTask DisposeAsync()
    {
        await _platform.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<string> ShownAsync() => string.Join(" ", (await Registry.ListAsync()).Select(s => $"{s.Slot}={s.User}"));

    [Fact]
    public async Task Register_NewerEpochReplacesTheNode_OlderIsIgnored()
    {
        await Registry.RegisterAsync("a", 2, ["a/cpu0", "a/cpu1"]);
        await Registry.RegisterAsync("b", 1, ["b/gpu0"]);
        await Registry.ReserveAsync("test/s", 1);
        await Registry.RegisterAsync("a", 2, ["a/cpu0", "a/cpu1"]);
        await Registry.RegisterAsync("a", 1, ["a/old"]);
        Assert.Equal("a/cpu0=test/s a/cpu1= b/gpu0=", await ShownAsync());
        await Registry.RegisterAsync("a", 3, ["a/cpu0"]);
        Assert.Equal("a/cpu0= b/gpu0=", await ShownAsync());
    }

    [Fact]
    public async Task Reserve_GivesEachSlotOnce_AndReleaseGivesItBack()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0", "a/cpu1", "a/cpu2"]);
        Assert.Equal(["a/cpu0", "a/cpu1"], await Registry.ReserveAsync("test/s", 2));
        Assert.Equal(["a/cpu2"], await Registry.ReserveAsync("test/t", 2));
        Assert.Empty(await Registry.ReserveAsync("test/u", 2));
        await Registry.ReleaseAsync("test/t", ["a/cpu0", "a/cpu2", "a/unheard-of"]);
        Assert.Equal("a/cpu0=test/s a/cpu1=test/s a/cpu2=", await ShownAsync());
    }

    [Fact]
    public async Task Release_TellsThoseWhoWait_Once()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
        await Registry.ReserveAsync("test/s", 1);
        await Registry.ReserveAsync("test/t", 1);
        await Registry.ReserveAsync("server:test/s/t", 1);
        await Registry.ReleaseAsync("test/s", ["a/cpu0"]);
        await Poll.UntilAsync(() => !_platform.Owner.Told.IsEmpty, "the sweep is told");
        await Registry.ReserveAsync("test/t", 1);
        await Registry.ReleaseAsync("test/t", ["a/cpu0"]);
        Assert.Equal(["test/t"], _platform.Owner.Told);
    }

    [Fact]
    public async Task Register_TellsThoseWhoWait()
    {
        await Registry.ReserveAsync("test/s", 1);
        await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
        await Poll.UntilAsync(() => _platform.Owner.Told.Contains("test/s"), "the sweep is told");
    }

    [Theory]
    [InlineData("node-a/gpu0", true)]
    [InlineData("a/gpu0.1", true)]
    [InlineData("/gpu0", false)]
    [InlineData("a/", false)]
    [InlineData("a", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void SlotKey_TryParse(string? text, bool parses)
    {
        Assert.Equal(parses, SlotKey.TryParse(text, out var key));
        if (parses) Assert.Equal(text, key.ToString());
    }

    [Theory]
    [InlineData("cpu0", "")]
    [InlineData("gpu3", "3")]
    [InlineData("gpu1.1", "1")]
    public void SlotKey_Environment_PinsTheDevice(string device, string visible) => Assert.Equal(visible, new SlotKey("a", device).Environment["CUDA_VISIBLE_DEVICES"]);
}
