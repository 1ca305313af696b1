namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(int dueMs, int periodMs, bool throws);

    Task<int> Ticks();

    Task Stop();

    Task<int> Overlaps();

    Task StartSlow();

    Task<bool> TokenCancelled();

    Task<bool> Busy(int ms);
}

public class TimerGrain : Grain, ITimerGrain
{
    private static readonly TimeSpan s_never = Timeout.InfiniteTimeSpan;
    private IGrainTimer? _timer;
    private int _ticks;
    private int _active;
    private int _overlaps;
    private bool _cancelled;
    private bool _busy;

    public Task Start(int dueMs, int periodMs, bool throws)
    {
        _timer = this.RegisterGrainTimer(
            () =>
            {
                _ticks++;
                if (_busy) _overlaps++;
                return throws ? throw new InvalidOperationException("a tick fails") : Task.CompletedTask;
            },
            TimeSpan.FromMilliseconds(dueMs), periodMs < 0 ? s_never : TimeSpan.FromMilliseconds(periodMs));
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task Stop()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public Task<int> Overlaps() => Task.FromResult(_overlaps);

    public Task StartSlow()
    {
        _timer = this.RegisterGrainTimer(
            async token =>
            {
                if (++_active > 1) _overlaps++;
                _ticks++;
                try
                {
                    await Task.Delay(_ticks < 3 ? TimeSpan.FromMilliseconds(30) : s_never, token);
                }
                catch (OperationCanceledException)
                {
                    _cancelled = true;
                }
                _active--;
            },
            new GrainTimerCreationOptions(TimeSpan.Zero, TimeSpan.FromMilliseconds(1)) { Interleave = true });
        return Task.CompletedTask;
    }

    public Task<bool> TokenCancelled() => Task.FromResult(_cancelled);

    public async Task<bool> Busy(int ms)
    {
        _busy = true;
        await Task.Delay(ms);
        _busy = false;
        return _overlaps == 0;
    }
}

public sealed class TimerTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private ITimerGrain Timer(string name) => silo.Grains.GetGrain<ITimerGrain>(name);

    [Fact]
    public async Task Timer_WithAPeriod_TicksUntilDisposed()
    {
        var grain = Timer("period");
        await grain.Start(0, 2, throws: false);
        await Poll.UntilAsync(async () => await grain.Ticks() >= 3, "three ticks");
        await grain.Stop();
        var stopped = await grain.Ticks();
        await Task.Delay(50);
        Assert.Equal(stopped, await grain.Ticks());
    }

    [Fact]
    public async Task Timer_WithInfinitePeriod_TicksOnce()
    {
        var grain = Timer("once");
        await grain.Start(1, -1, throws: false);
        await Poll.UntilAsync(async () => await grain.Ticks() == 1, "a tick");
        await Task.Delay(30);
        Assert.Equal(1, await grain.Ticks());
    }

    [Fact]
    public async Task Timer_WhoseCallbackFails_GoesOn()
    {
        var grain = Timer("fails");
        await grain.Start(0, 1, throws: true);
        await Poll.UntilAsync(async () => await grain.Ticks() >= 3, "three ticks");
    }

    [Fact]
    public async Task Timer_WhileARequestRuns_Waits()
    {
        var grain = Timer("busy");
        await grain.Start(1, 1, throws: false);
        Assert.True(await grain.Busy(50));
        await Poll.UntilAsync(async () => await grain.Ticks() >= 1, "ticks after the request");
        Assert.Equal(0, await grain.Overlaps());
    }

    [Fact]
    public async Task Timer_SlowerThanItsPeriod_DoesNotOverlap_AndDisposalCancelsItsToken()
    {
        var grain = Timer("slow");
        await grain.StartSlow();
        await Poll.UntilAsync(async () => await grain.Ticks() == 3, "three ticks");
        Assert.Equal(0, await grain.Overlaps());
        await grain.Stop();
        await Poll.UntilAsync(grain.TokenCancelled, "the token is cancelled");
    }
}
