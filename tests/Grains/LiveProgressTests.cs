using AlpacaCot.Grains.Sweeps;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Tests.Grains;

/// <summary>How far a phase is and when it ends, by its speed since it was first heard of.</summary>
public sealed class LiveProgressTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LiveProgress _live;

    public LiveProgressTests() => _live = new LiveProgress(_time);

    private void Say(int afterSeconds, string phase, long step, long total, string? member = null, long fence = 1, string? note = null)
    {
        _time.Advance(TimeSpan.FromSeconds(afterSeconds));
        _live.Set("p", new ProgressEvent("p", fence, member, phase, step, total, Note: note));
    }

    [Fact]
    public void SecondsLeft_AfterTwoSteps_FollowsTheirSpeed()
    {
        Assert.Null(_live.SecondsLeft("p"));
        Say(0, "train", 1, 11, "a");
        Assert.Null(_live.SecondsLeft("p"));
        Say(4, "train", 3, 11, "a");
        Assert.Equal(16, _live.SecondsLeft("p"));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(10, _live.SecondsLeft("p"));
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, _live.SecondsLeft("p"));
        Assert.Equal(3, _live.Of("p")!.Step);
    }

    [Fact]
    public void SecondsLeft_MembersThatTrainTogether_AreOnePhase()
    {
        Say(0, "train", 1, 5, "a");
        Say(1, "train", 1, 5, "b");
        Say(1, "train", 2, 5, "a");
        Assert.Equal(6, _live.SecondsLeft("p"));
    }

    [Theory]
    [InlineData("evaluate", "a", 1, null)]
    [InlineData("train", "a", 2, null)]
    [InlineData("train", "a", 1, "another suite")]
    public void SecondsLeft_AnotherPhase_BeginsAnew(string phase, string member, long fence, string? note)
    {
        Say(0, "train", 1, 5, "a");
        Say(1, "train", 2, 5, "a");
        Say(1, phase, 3, 9, member, fence, note);
        Assert.Null(_live.SecondsLeft("p"));
    }

    [Fact]
    public void SecondsLeft_AnotherTrialIsAsked_BeginsAnew()
    {
        Say(0, "evaluate", 1, 5, "a");
        Say(1, "evaluate", 2, 5, "b");
        Assert.Null(_live.SecondsLeft("p"));
        Say(1, "evaluate", 3, 5, "b");
        Assert.Equal(2, _live.SecondsLeft("p"));
    }
}
