using System.Diagnostics;
using global::Orleans.Configuration;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface ITimeoutGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:00:00.300")]
    Task Short();

    Task Long();

    [AlwaysInterleave]
    Task Release();

    [AlwaysInterleave]
    Task<int> Ended();

    [OneWay]
    Task Notify(int by);

    [AlwaysInterleave]
    Task<int> Notified();
}

public class TimeoutGrain : Grain, ITimeoutGrain
{
    private readonly TaskCompletionSource _released = new();
    private int _ended;
    private int _notified;

    public async Task Short()
    {
        await _released.Task;
        _ended++;
    }

    public Task Long() => Short();

    public Task Release()
    {
        _released.TrySetResult();
        return Task.CompletedTask;
    }

    public Task<int> Ended() => Task.FromResult(_ended);

    public Task Notify(int by)
    {
        _notified += by;
        return by < 0 ? throw new InvalidOperationException("nobody hears this") : Task.CompletedTask;
    }

    public Task<int> Notified() => Task.FromResult(_notified);
}

public abstract class TimeoutTests
{
    protected abstract IGrainFactory Grains { get; }

    [Fact]
    public async Task ResponseTimeout_OfTheMethod_EndsTheWaitButNotTheWork()
    {
        var grain = Grains.GetGrain<ITimeoutGrain>("method");
        var watch = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<TimeoutException>(grain.Short);
        Assert.Contains("ITimeoutGrain.Short", error.Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(290), TimeSpan.FromSeconds(10));
        Assert.Equal(0, await grain.Ended());
        await grain.Release();
        await Poll.UntilAsync(async () => await grain.Ended() == 1, "the work went on");
    }

    [Fact]
    public async Task OneWay_ReturnsAtOnceAndHidesFailures()
    {
        var grain = Grains.GetGrain<ITimeoutGrain>("one-way");
        await grain.Notify(2);
        await grain.Notify(-1);
        await grain.Notify(3);
        await Poll.UntilAsync(async () => await grain.Notified() == 4, "all arrived");
    }
}

public sealed class LocalTimeoutTests(SiloFixture silo) : TimeoutTests, IClassFixture<SiloFixture>
{
    protected override IGrainFactory Grains => silo.Grains;

    [Fact]
    public async Task ResponseTimeout_OfTheSilo_IsThirtySeconds()
    {
        var time = new ManualTime();
        await using var own = await TestSilo.StartAsync(b => b.Services.AddSingleton<TimeProvider>(time));
        var call = own.Grains.GetGrain<ITimeoutGrain>("default").Long();
        await own.Grains.GetGrain<ITimeoutGrain>("default").Ended();
        time.Advance(TimeSpan.FromSeconds(29));
        await Task.Delay(20);
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(TimeSpan.FromSeconds(10)));
        await own.Grains.GetGrain<ITimeoutGrain>("default").Release();
    }

    [Fact]
    public async Task QueueAboveTheHardLimit_IsRefused()
    {
        await using var own = await TestSilo.StartAsync(b => b.Configure<SiloMessagingOptions>(o => o.MaxEnqueuedRequestsHardLimit = 3));
        var grain = own.Grains.GetGrain<ITimeoutGrain>("full");
        var first = grain.Long();
        await grain.Ended();
        var calls = Enumerable.Range(0, 10).Select(_ => grain.Long()).ToArray();
        await grain.Release();
        await first;
        var refused = 0;
        foreach (var call in calls)
            try
            {
                await call;
            }
            catch (LimitExceededException)
            {
                refused++;
            }
        Assert.InRange(refused, 6, 8);
    }
}

public sealed class GatewayTimeoutTests(GatewayFixture gateway) : TimeoutTests, IClassFixture<GatewayFixture>
{
    protected override IGrainFactory Grains => gateway.Grains;
}
