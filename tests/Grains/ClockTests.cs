using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Tests.Grains;

/// <summary>A machine that was suspended, or whose clock was set: the time of day jumps, and nothing else does.</summary>
public sealed class ClockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly JumpingTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(8)]
    [InlineData(-8)]
    public async Task WallClockJumps_LeasesStay_AndLapseAfterTheirOwnTime(int hours)
    {
        var step = TimeSpan.FromSeconds(1);
        await using var platform = await Platform.StartAsync(_folder, slots: 0, time: _time, silentDevice: "silent");
        Task BeatAsync() => platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
        await BeatAsync();
        await platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(new SubmitSweep
        {
            Name = "s", BaseDirectory = _folder.Path, Directory = _folder["experiments/e/s"], Facts = new SpecFacts(),
            Spec = SweepDocument.ParseValid("name: s\nbase: false\nseeds: [0]\nmodels: [{ name: none, path: none }]\npeft: [{ name: lora, method: lora }]\ndata: [{ name: none, sources: [goat] }]\nevaluation: [{ suite: goat-arithmetic }]"),
        });
        await _time.Steady.AdvanceUntilAsync(() => Task.FromResult(!platform.Owner.Silenced.IsEmpty), "the slot has the pack", step);
        var sweep = platform.Grains.GetGrain<ISweepGrain>("e/s");
        Assert.True((await sweep.ReportAsync(new SlotReport("here/silent", "pack-0", Assert.Single(platform.Owner.Silenced), []))).Current);

        _time.Jump = TimeSpan.FromHours(hours);
        for (var beats = 0; beats < 8; beats++)
        {
            await BeatAsync();
            await _time.Steady.AdvanceAsync(5 * step, step);
        }
        // 40 s have gone by on this machine, of a lease's 60.
        Assert.Single(platform.Owner.Silenced);
        await _time.Steady.AdvanceUntilAsync(async () =>
        {
            await BeatAsync();
            return platform.Owner.Silenced.Count > 1;
        }, "the pack is given away anew", step);
    }

    [Fact]
    public void SteadyClock_BeginsWithTheTimeOfDay_AndGoesOnByItself()
    {
        var clock = new SteadyClock(_time);
        var began = _time.GetUtcNow();
        Assert.Equal(began, clock.Now);
        _time.Jump = TimeSpan.FromDays(-3);
        _time.Steady.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(began.AddSeconds(7), clock.Now);
    }

    /// <summary>The process was stopped for two minutes: nobody was heard then who did speak.</summary>
    [Fact]
    public void SteadyClock_ThatNobodyReadForLong_StandsStillMeanwhile()
    {
        var clock = new SteadyClock(_time);
        var began = clock.Now;
        for (var n = 1; n <= 5; n++)
        {
            _time.Steady.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(began.AddSeconds(n), clock.Now);
        }
        _time.Steady.Advance(TimeSpan.FromMinutes(2));
        Assert.InRange((clock.Now - began).TotalSeconds, 5, 15);
        var woken = clock.Now;
        _time.Steady.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(woken.AddSeconds(1), clock.Now);
    }

    /// <summary>A fake clock whose time of day jumps apart from its timers and timestamps.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        public FakeTimeProvider Steady { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

        public TimeSpan Jump { get; set; }

        public override long TimestampFrequency => Steady.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => Steady.GetUtcNow() + Jump;

        public override long GetTimestamp() => Steady.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Steady.CreateTimer(callback, state, dueTime, period);
    }
}
