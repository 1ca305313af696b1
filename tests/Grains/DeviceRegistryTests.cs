using AlpacaCot.Grains.Slots;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Tests.Grains;

/// <summary>Who has which slot.</summary>
public sealed class DeviceRegistryTests : IAsyncLifetime
{
    private static readonly TimeSpan _step = TimeSpan.FromSeconds(1);
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private Platform _platform = null!;

    private IDeviceRegistryGrain Registry => _platform.Registry;

    public async ValueTask InitializeAsync() => _platform = await Platform.StartAsync(_folder, slots: 0, time: _time);

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
        Assert.Equal(2, await Registry.RegisterAsync("a", 2, ["a/cpu0", "a/cpu1"]));
        Assert.Equal(2, await Registry.RegisterAsync("a", 1, ["a/old"]));
        Assert.Equal("a/cpu0=test/s a/cpu1= b/gpu0=", await ShownAsync());
        await Registry.RegisterAsync("a", 3, ["a/cpu0"]);
        Assert.Equal("a/cpu0= b/gpu0=", await ShownAsync());
    }

    [Fact]
    public async Task Reserve_GivesEachSlotOnce_AndReleaseGivesItBack()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0", "a/cpu1", "a/cpu2"]);
        Assert.Equal(["a/cpu0", "a/cpu1"], await Registry.ReserveAsync("test/s", 2));
        // Asked again, since the answer may have been lost: the same two.
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

    [Fact]
    public async Task Node_ThatBeats_KeepsItsSlots_AndASilentOneIsForgottenAndItsSweepTold()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
        await Registry.RegisterAsync("b", 1, ["b/cpu0"]);
        Assert.Equal(2, (await Registry.ReserveAsync("test/s", 2)).Length);
        await _time.AdvanceUntilAsync(async () =>
        {
            await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
            return await ShownAsync() == "a/cpu0=test/s";
        }, "the silent node is forgotten", _step);
        Assert.InRange(_time.GetUtcNow() - DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60));
        await Poll.UntilAsync(() => _platform.Owner.Told.Contains("test/s"), "the sweep is told");
        Assert.Equal(["a/cpu0"], await Registry.ReserveAsync("test/s", 2));
        // Heard of again, it is as new.
        Assert.Equal(1, await Registry.RegisterAsync("b", 1, ["b/cpu0"]));
        Assert.Equal("a/cpu0=test/s b/cpu0=", await ShownAsync());
    }

    /// <summary>The process was stopped for two minutes: the beats of its nodes are still to be heard.</summary>
    [Fact]
    public async Task ProcessThatStoodStill_ForgetsNobody()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
        await Registry.ReserveAsync("test/s", 1);
        await _time.AdvanceAsync(10 * _step, _step);
        _time.Advance(TimeSpan.FromMinutes(2));
        await Poll.UntilAsync(async () => (await ShownAsync()).Length > 0, "it looks");
        await _time.AdvanceAsync(10 * _step, _step);
        Assert.Equal("a/cpu0=test/s", await ShownAsync());
        Assert.Empty(_platform.Owner.Told);
        await _time.AdvanceUntilAsync(async () => await ShownAsync() == "", "a node that stays silent is forgotten", _step);
    }

    [Fact]
    public async Task Activation_Ends_UsersStay_AndFreeSlotsWaitForTheirNode()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0", "a/cpu1"]);
        await Registry.ReserveAsync("test/s", 1);
        await _platform.Cluster.DeactivateAsync(Registry);
        Assert.Equal("a/cpu0=test/s a/cpu1=", await ShownAsync());
        Assert.Equal(["a/cpu0"], await Registry.ReserveAsync("test/s", 2));
        Assert.Empty(await Registry.ReserveAsync("test/t", 1));
        await Registry.RegisterAsync("a", 1, ["a/cpu0", "a/cpu1"]);
        await Poll.UntilAsync(() => _platform.Owner.Told.Contains("test/t"), "those who wait are told");
        Assert.Equal(["a/cpu1"], await Registry.ReserveAsync("test/t", 1));
    }

    [Fact]
    public async Task Save_Fails_NothingIsGranted()
    {
        await Registry.RegisterAsync("a", 1, ["a/cpu0"]);
        _platform.Storage.Fails = (name, _) => name == "slots";
        await Assert.ThrowsAsync<OrleansException>(() => Registry.ReserveAsync("test/s", 1));
        _platform.Storage.Fails = (_, _) => false;
        await Poll.UntilAsync(async () => await ShownAsync() == "a/cpu0=", "the registry goes on from its record");
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
