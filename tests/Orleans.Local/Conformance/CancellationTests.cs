namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface ICancelGrain : IGrainWithStringKey
{
    Task<int> WaitForCancel(int value, CancellationToken ct = default);

    [AlwaysInterleave]
    Task<int> Started();

    [AlwaysInterleave]
    Task<int> Cancelled();
}

public class CancelGrain : Grain, ICancelGrain
{
    private int _started;
    private int _cancelled;

    public async Task<int> WaitForCancel(int value, CancellationToken ct)
    {
        _started++;
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            if (ct.IsCancellationRequested) _cancelled++;
        }
        return value;
    }

    public Task<int> Started() => Task.FromResult(_started);

    public Task<int> Cancelled() => Task.FromResult(_cancelled);
}

/// <summary>The same behaviour from inside the silo's process and from a client.</summary>
public abstract class CancellationTests
{
    protected abstract IGrainFactory Grains { get; }

    [Fact]
    public async Task Cancel_WhileRunning_ReachesTheGrainAndTheCaller()
    {
        var grain = Grains.GetGrain<ICancelGrain>("running");
        using var source = new CancellationTokenSource();
        var call = grain.WaitForCancel(1, source.Token);
        await Poll.UntilAsync(async () => await grain.Started() == 1, "started");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Poll.UntilAsync(async () => await grain.Cancelled() == 1, "the grain saw it");
    }

    [Fact]
    public async Task Cancel_BeforeTheCall_SendsNothing()
    {
        var grain = Grains.GetGrain<ICancelGrain>("before");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.WaitForCancel(1, new CancellationToken(canceled: true)));
        Assert.Equal(0, await grain.Started());
    }

    [Fact]
    public async Task Cancel_WhileWaitingInTheQueue_NeverStarts()
    {
        var grain = Grains.GetGrain<ICancelGrain>("queued");
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var running = grain.WaitForCancel(1, first.Token);
        await Poll.UntilAsync(async () => await grain.Started() == 1, "started");
        var queued = grain.WaitForCancel(2, second.Token);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Poll.UntilAsync(async () => await grain.Cancelled() == 1, "the first saw it");
        Assert.Equal(1, await grain.Started());
    }
}

public sealed class LocalCancellationTests(SiloFixture silo) : CancellationTests, IClassFixture<SiloFixture>
{
    protected override IGrainFactory Grains => silo.Grains;
}

public sealed class GatewayCancellationTests(GatewayFixture gateway) : CancellationTests, IClassFixture<GatewayFixture>
{
    protected override IGrainFactory Grains => gateway.Grains;
}
