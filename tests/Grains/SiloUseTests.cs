using AlpacaCot.Grains.Sessions;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Tests.Grains;

/// <summary>When a silo that a command has started ends.</summary>
public sealed class SiloUseTests
{
    private readonly FakeTimeProvider _time = new();

    private SiloUse Use(bool forCommands = true) => new(_time, forCommands);

    private bool EndsAfter(SiloUse use, TimeSpan span)
    {
        for (var gone = TimeSpan.Zero; gone < span; gone += TimeSpan.FromSeconds(1))
        {
            use.Check();
            if (use.Ending.IsCompleted) return true;
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        use.Check();
        return use.Ending.IsCompleted;
    }

    [Fact]
    public void Leave_TheLast_EndsIt_AndNobodyJoinsAnyMore()
    {
        var use = Use();
        Assert.True(use.Renew("a"));
        Assert.True(use.Renew("b"));
        Assert.False(use.Leave("a", null));
        Assert.False(use.Ending.IsCompleted);
        Assert.True(use.Leave("b", null));
        Assert.True(use.Ending.IsCompleted);
        Assert.False(use.Renew("c"));
    }

    [Fact]
    public void Leave_WhileASweepRuns_EndsWithTheSweep()
    {
        var use = Use();
        use.Renew("a");
        use.Begin("e/s");
        Assert.False(use.Leave("a", null));
        Assert.True(use.IsLeft);
        Assert.False(EndsAfter(use, TimeSpan.FromHours(1)));
        use.End("e/s");
        Assert.True(use.Ending.IsCompleted);
    }

    [Fact]
    public void Leave_ASweepThatIsAbandoned_IsNoReasonToGoOn_UnlessOthersAreThere()
    {
        var use = Use();
        use.Renew("a");
        use.Renew("b");
        use.Begin("e/s");
        Assert.False(use.Leave("a", "e/s"));
        // For whoever is still there it goes on, to its end.
        Assert.False(use.Leave("b", null));
        use.End("e/s");
        Assert.True(use.Ending.IsCompleted);

        var alone = Use();
        alone.Renew("a");
        alone.Begin("e/s");
        Assert.True(alone.Leave("a", "e/s"));
    }

    [Fact]
    public void Leave_AnothersSweepRuns_ItGoesOn()
    {
        var use = Use();
        use.Renew("a");
        use.Begin("e/mine");
        use.Begin("e/other");
        Assert.False(use.Leave("a", "e/mine"));
        Assert.False(use.Ending.IsCompleted);
    }

    [Fact]
    public void SilentSession_CountsNoMore_AndTheGraceBegins()
    {
        var use = Use();
        use.Renew("killed");
        Assert.False(EndsAfter(use, SiloUse.Expiry));
        Assert.True(EndsAfter(use, SiloUse.Grace + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void RenewedSession_KeepsItUp()
    {
        var use = Use();
        for (var n = 0; n < 20; n++)
        {
            Assert.True(use.Renew("a"));
            Assert.False(EndsAfter(use, TimeSpan.FromSeconds(4)));
        }
    }

    [Fact]
    public void NobodyComes_IsWaitedForLongerThanAStartTakes_AndEndsThen()
    {
        var use = Use();
        Assert.False(EndsAfter(use, SiloUse.Arrival - TimeSpan.FromSeconds(1)));
        Assert.True(EndsAfter(use, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void SiloOfAUser_NeverEndsByItself_AndDrivesAll()
    {
        var use = Use(forCommands: false);
        use.Renew("a");
        Assert.False(use.Leave("a", null));
        Assert.False(EndsAfter(use, TimeSpan.FromHours(1)));
        Assert.True(use.Drives("e/left"));
    }

    [Fact]
    public void SiloOfACommand_DrivesWhatItWasGiven()
    {
        var use = Use();
        Assert.False(use.Drives("e/left"));
        use.Begin("e/s");
        Assert.True(use.Drives("e/s"));
        use.End("e/s");
        Assert.False(use.Drives("e/s"));
    }

    /// <summary>The process was stopped: its users spoke, and it did not hear them.</summary>
    [Fact]
    public void ProcessThatStoodStill_MissesNobody()
    {
        var use = Use();
        use.Renew("a");
        use.Check();
        _time.Advance(TimeSpan.FromMinutes(2));
        use.Check();
        Assert.False(use.Ending.IsCompleted);
        Assert.False(EndsAfter(use, SiloUse.Expiry - TimeSpan.FromSeconds(1)));
        Assert.True(use.Renew("a"));
        Assert.False(EndsAfter(use, TimeSpan.FromSeconds(5)));
    }
}
