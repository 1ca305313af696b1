using AlpacaCot.Supervision;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Supervision;

/// <summary>When a silent worker is taken to hang.</summary>
public sealed class PulseTests
{
    private static readonly SilenceLimits _limits = new() { Unmeasured = TimeSpan.FromMinutes(30), Floor = TimeSpan.FromMinutes(5), Longest = 20 };
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(5);
    private readonly Clock _time = new();

    private Pulse Pulse(SilenceLimits? limits = null) => new(limits ?? _limits, _time, _period);

    private static HeartbeatEvent Beat(string phase) => new("a", 1, phase);

    /// <summary>Looks again and again: how long it takes until the worker is taken to hang.</summary>
    private TimeSpan Until(Pulse pulse)
    {
        var began = _time.Elapsed;
        while (!pulse.IsOver(out _)) _time.Elapsed += _period;
        return _time.Elapsed - began;
    }

    private void Steps(Pulse pulse, string phase, double seconds, int count = 5)
    {
        for (var step = 0; step < count; step++)
        {
            for (var left = seconds; left > 0; left -= _period.TotalSeconds)
            {
                _time.Elapsed += TimeSpan.FromSeconds(Math.Min(left, _period.TotalSeconds));
                Assert.False(pulse.IsOver(out _));
            }
            pulse.Heard(Beat(phase));
        }
    }

    [Fact]
    public void Silence_BeforeAnythingIsMeasured_HasTheLongLimit() => Assert.Equal(_limits.Unmeasured, Until(Pulse()));

    [Theory]
    [InlineData(WorkPhases.Train)]
    [InlineData(WorkPhases.Generate)]
    public void Silence_AmongShortSteps_HasTheFloor(string phase)
    {
        var pulse = Pulse();
        Steps(pulse, phase, 1);
        Assert.Equal(_limits.Floor, Until(pulse));
        Assert.True(pulse.IsOver(out var problem));
        Assert.Contains($"5 min in the phase '{phase}'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Silence_AmongLongSteps_HasManyOfTheLongest()
    {
        var pulse = Pulse();
        Steps(pulse, WorkPhases.Train, 20);
        Steps(pulse, WorkPhases.Train, 60, count: 1);
        Steps(pulse, WorkPhases.Train, 20);
        Assert.Equal(TimeSpan.FromMinutes(20), Until(pulse));
    }

    /// <summary>A step says nothing of how long a checkpoint takes, nor the last base of the next.</summary>
    [Theory]
    [InlineData(WorkPhases.Save)]
    [InlineData(WorkPhases.Load)]
    [InlineData(WorkPhases.Prepare)]
    [InlineData(WorkPhases.Score)]
    public void Silence_OutsideOfSteps_HasTheLongLimit(string phase)
    {
        var pulse = Pulse();
        Steps(pulse, WorkPhases.Train, 1);
        Steps(pulse, phase, 1);
        Assert.Equal(_limits.Unmeasured, Until(pulse));
    }

    [Fact]
    public void Heard_AnythingOfTheWork_BeginsAnew()
    {
        var pulse = Pulse(SilenceLimits.Of(TimeSpan.FromSeconds(30)));
        foreach (var said in (WorkerEvent[])[new StartedEvent("a", 1), new ProgressEvent("a", 1, null, "prepare", 0, 1), new CheckpointEvent("a", 1, "u", 1, "s"), Beat(WorkPhases.Train)])
        {
            for (var n = 0; n < 5; n++)
            {
                _time.Elapsed += _period;
                Assert.False(pulse.IsOver(out _));
            }
            pulse.Heard(said);
        }
        Assert.Equal(TimeSpan.FromSeconds(30), Until(pulse));
    }

    /// <summary>The supervisor was stopped for two minutes, or its machine slept: the worker's words of that time are still to be read.</summary>
    [Fact]
    public void Silence_WhileNobodyLooked_CountsAsOneLook()
    {
        var pulse = Pulse(SilenceLimits.Of(TimeSpan.FromSeconds(60)));
        _time.Elapsed += TimeSpan.FromHours(2);
        Assert.False(pulse.IsOver(out _));
        Assert.Equal(TimeSpan.FromSeconds(50), Until(pulse));
    }

    [Fact]
    public void Rest_WhereNothingIsExpected_IsNoSilence()
    {
        var pulse = Pulse(SilenceLimits.Of(TimeSpan.FromSeconds(30)));
        for (var n = 0; n < 100; n++)
        {
            _time.Elapsed += _period;
            pulse.Rest();
        }
        Assert.Equal(TimeSpan.FromSeconds(30), Until(pulse));
    }

    [Fact]
    public void Limits_OfALargeBase_GrowWithIt()
    {
        Assert.Equal(TimeSpan.FromMinutes(30), _limits.For(1_000_000_000).Unmeasured);
        Assert.Equal(TimeSpan.FromSeconds(14_000), _limits.For(140_000_000_000).Unmeasured);
        Assert.Equal(_limits.Floor, _limits.For(140_000_000_000).Floor);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
