using Orleans.Serialization.Invocation;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface ITurnGrain : IGrainWithStringKey
{
    Task<int> SlowIncrement(int turns);

    Task<int> Overlaps();

    Task Block();

    [AlwaysInterleave]
    Task Release();

    [AlwaysInterleave]
    Task<bool> IsBlocked();

    [ReadOnly]
    Task<int> ReadTogether(int readers);

    Task<bool> StaysOnScheduler();

    Task CallBack(ITurnGrain other);

    Task CallBackAllowed(ITurnGrain other);

    Task Forward(ITurnGrain target);

    Task<string> Touch();
}

public class TurnGrain : Grain, ITurnGrain
{
    private TaskCompletionSource? _blocked;
    private TaskCompletionSource _together = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private int _active;
    private int _overlaps;
    private int _readers;

    public async Task<int> SlowIncrement(int turns)
    {
        if (Interlocked.Increment(ref _active) > 1) _overlaps++;
        var before = _count;
        for (var i = 0; i < turns; i++) await Task.Yield();
        _count = before + 1;
        Interlocked.Decrement(ref _active);
        return _count;
    }

    public Task<int> Overlaps() => Task.FromResult(_overlaps);

    public async Task Block()
    {
        _blocked = new TaskCompletionSource();
        await _blocked.Task;
        _blocked = null;
    }

    public Task Release()
    {
        _blocked?.TrySetResult();
        return Task.CompletedTask;
    }

    public Task<bool> IsBlocked() => Task.FromResult(_blocked is not null);

    public async Task<int> ReadTogether(int readers)
    {
        if (++_readers == readers) _together.TrySetResult();
        await _together.Task;
        return _readers;
    }

    public async Task<bool> StaysOnScheduler()
    {
        var scheduler = TaskScheduler.Current;
        await Task.Delay(1);
        var afterDelay = TaskScheduler.Current == scheduler;
        await Task.Run(() => Assert.NotEqual(scheduler, TaskScheduler.Current));
        return scheduler != TaskScheduler.Default && afterDelay && TaskScheduler.Current == scheduler;
    }

    public Task CallBack(ITurnGrain other) => other.Forward(this.AsReference<ITurnGrain>());

    public async Task CallBackAllowed(ITurnGrain other)
    {
        using var section = RequestContext.AllowCallChainReentrancy();
        await other.Forward(this.AsReference<ITurnGrain>());
    }

    public async Task Forward(ITurnGrain target) => await target.Touch();

    public Task<string> Touch() => Task.FromResult(this.GetPrimaryKeyString());
}

public interface IReentrantTurnGrain : IGrainWithIntegerKey
{
    Task<int> Meet(int guests);
}

[Reentrant]
public class ReentrantTurnGrain : Grain, IReentrantTurnGrain
{
    private readonly TaskCompletionSource _all = new();
    private int _guests;

    public async Task<int> Meet(int guests)
    {
        if (++_guests == guests) _all.TrySetResult();
        await _all.Task;
        return _guests;
    }
}

public interface IMayInterleaveGrain : IGrainWithIntegerKey
{
    Task<bool> Wait(string kind);

    Task Open(string kind);
}

[MayInterleave(nameof(IsOpen))]
public class MayInterleaveGrain : Grain, IMayInterleaveGrain
{
    private readonly TaskCompletionSource _open = new();

    public static bool IsOpen(IInvokable request) => request.GetMethodName() == nameof(Open) && request.GetArgumentCount() == 1 && (string?)request.GetArgument(0) == "urgent";

    public async Task<bool> Wait(string kind)
    {
        await _open.Task;
        return true;
    }

    public Task Open(string kind)
    {
        _open.TrySetResult();
        return Task.CompletedTask;
    }
}

public sealed class TurnTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private ITurnGrain Turn(string name) => silo.Grains.GetGrain<ITurnGrain>(name);

    [Fact]
    public async Task Requests_SentTogether_RunOneAfterAnother()
    {
        var grain = Turn("one-by-one");
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.SlowIncrement(5)));
        Assert.Equal(Enumerable.Range(1, 50), results.Order());
        Assert.Equal(0, await grain.Overlaps());
    }

    [Fact]
    public async Task Requests_OfOneCaller_RunInTheOrderSent()
    {
        var grain = Turn("in-order");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.SlowIncrement(1)));
        Assert.Equal(Enumerable.Range(1, 20), results);
    }

    [Fact]
    public async Task AlwaysInterleave_WhileBusy_Runs()
    {
        var grain = Turn("interleave");
        var blocked = grain.Block();
        var waits = grain.Touch();
        await Poll.UntilAsync(grain.IsBlocked, "blocked");
        Assert.False(blocked.IsCompleted);
        Assert.False(waits.IsCompleted);
        await grain.Release();
        await blocked;
        Assert.Equal("interleave", await waits);
    }

    [Fact]
    public async Task ReadOnly_SeveralReaders_RunTogether()
        => Assert.All(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Turn("readers").ReadTogether(3))), readers => Assert.Equal(3, readers));

    [Fact]
    public async Task Reentrant_SeveralRequests_RunTogether()
    {
        var grain = silo.Grains.GetGrain<IReentrantTurnGrain>(7);
        Assert.Equal(new[] { 3, 3, 3 }, await Task.WhenAll(grain.Meet(3), grain.Meet(3), grain.Meet(3)));
    }

    [Fact]
    public async Task MayInterleave_ApprovedRequest_Runs()
    {
        var grain = silo.Grains.GetGrain<IMayInterleaveGrain>(1);
        var waiting = grain.Wait("x");
        await grain.Open("urgent");
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Await_InGrain_ComesBackToItsScheduler() => Assert.True(await Turn("scheduler").StaysOnScheduler());

    [Fact]
    public async Task CallCycle_WithoutReentrancy_TimesOut()
    {
        await using var own = await TestSilo.StartAsync(builder => builder.Configure<global::Orleans.Configuration.SiloMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromMilliseconds(500)));
        await Assert.ThrowsAsync<TimeoutException>(() => own.Grains.GetGrain<ITurnGrain>("a").CallBack(own.Grains.GetGrain<ITurnGrain>("b")));
    }

    [Fact]
    public Task CallCycle_WithCallChainReentrancy_Succeeds() => Turn("chain-a").CallBackAllowed(Turn("chain-b")).WaitAsync(TimeSpan.FromSeconds(10));
}
