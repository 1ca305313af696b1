using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;

namespace AlpacaCot.Tests.Grains;

/// <summary>Sweeps whose silo or activation ends on the way.</summary>
public sealed class SweepRestartTests : SweepScenario
{
    [Fact]
    public async Task Restart_GoesOnByItself_InAnotherAttempt()
    {
        await using (var platform = await Platform.StartAsync(Folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
        }
        Assert.Empty(Platform.Workers(Folder));
        await using var again = await Platform.StartAsync(Folder);
        var status = await EndAsync(again);
        Assert.Equal("done", status.State);
        // What was trained before stays; what was being asked is asked again.
        Assert.All(status.Trials, t => Assert.Equal((1L, 2), (t.Fence, t.Attempts)));
    }

    [Fact]
    public async Task Restart_NobodyCalls_TheSweepGoesOn()
    {
        await using (var platform = await Platform.StartAsync(Folder, trialSeconds: 60))
        {
            await SubmitAsync(platform);
            await RunningAsync(platform);
        }
        await using var again = await Platform.StartAsync(Folder);
        // Its experiment alone is asked, which the sweep tells by itself.
        await Poll.UntilAsync(async () => Assert.Single(await again.Grains.GetGrain<IExperimentGrain>("e").ListAsync()).State == "done", "the sweep is done");
    }

    [Fact]
    public async Task Activation_Ends_TheNextOneDrivesAndLosesNothing()
    {
        await using var platform = await Platform.StartAsync(Folder, trialSeconds: 0.3);
        await SubmitAsync(platform);
        await RunningAsync(platform);
        var worker = Assert.Single(Platform.Workers(Folder));
        await platform.Cluster.DeactivateAsync(Sweep(platform));
        var status = await EndAsync(platform);
        Assert.Equal("done", status.State);
        Assert.All(status.Trials, t => Assert.Equal(1, t.Attempts));
        Assert.Equal(worker, Assert.Single(Platform.Workers(Folder)));
    }

    [Fact]
    public async Task Restart_ClockSetBack_TheNodeHasItsSlotsAllTheSame()
    {
        await using (var platform = await Platform.StartAsync(Folder, slots: 0)) await platform.Registry.RegisterAsync(Platform.Node, long.MaxValue / 2, ["here/gpu9"]);
        await using var again = await Platform.StartAsync(Folder);
        Assert.Equal(["here/cpu0"], (await again.Registry.ListAsync()).Select(slot => slot.Slot));
        await SubmitAsync(again);
        Assert.Equal("done", (await EndAsync(again)).State);
    }

    [Fact]
    public async Task Restart_SilentSlot_LeaseLapsesAllTheSame()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var step = TimeSpan.FromSeconds(1);
        await using var platform = await Platform.StartAsync(Folder, slots: 0, time: time, silentDevice: "silent");
        Task BeatAsync() => platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
        await BeatAsync();
        await SubmitAsync(platform);
        await time.AdvanceUntilAsync(() => Task.FromResult(!platform.Owner.Silenced.IsEmpty), "the slot has the pack", step);
        var fence = Assert.Single(platform.Owner.Silenced);
        Assert.True((await Sweep(platform).ReportAsync(new SlotReport("here/silent", "pack-0", fence, []))).Current);
        await platform.Cluster.DeactivateAsync(Sweep(platform));
        var restarted = time.GetUtcNow();
        for (var beats = 0; beats < 8; beats++)
        {
            await BeatAsync();
            await time.AdvanceAsync(5 * step, step);
            await Sweep(platform).GetStatusAsync();
        }
        // It says that it works, and has the time of a lease to say more.
        Assert.Single(platform.Owner.Silenced);
        await time.AdvanceUntilAsync(async () =>
        {
            await BeatAsync();
            return platform.Owner.Silenced.Count > 1;
        }, "the pack is given away anew", step);
        Assert.True(time.GetUtcNow() - restarted >= TimeSpan.FromSeconds(60));
        Assert.False((await Sweep(platform).ReportAsync(new SlotReport("here/silent", "pack-0", fence, []))).Current);
    }

    [Fact]
    public async Task Restart_WithoutSlots_AnswersAndDrivesNothing()
    {
        await using (var platform = await Platform.StartAsync(Folder))
        {
            await SubmitAsync(platform);
            await EndAsync(platform);
        }
        await using var passive = await Platform.StartAsync(Folder, slots: 0);
        var status = await Sweep(passive).GetStatusAsync();
        Assert.Equal("done", status.State);
        Assert.NotNull(status.Report);
        var files = await Sweep(passive).WriteReportAsync();
        Assert.Equal(status.Report, files.Html);
    }
}
