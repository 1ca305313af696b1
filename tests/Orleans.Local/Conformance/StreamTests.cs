using System.Runtime.CompilerServices;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

public interface IStreamGrain : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int to, CancellationToken ct = default);

    IAsyncEnumerable<Bag> Bags();

    IAsyncEnumerable<int> FailAfter(int items);

    IAsyncEnumerable<int> Endless(CancellationToken ct = default);

    IAsyncEnumerable<int> SlowThen(int value, int milliseconds, CancellationToken ct = default);

    [AlwaysInterleave]
    Task<int> Finished();

    Task<int> Ordinary();

    Task End();
}

public class StreamGrain : Grain, IStreamGrain
{
    private readonly Bag _bag = new() { Items = ["x"] };
    private int _finished;

    public async IAsyncEnumerable<int> Count(int to, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var i = 0; i < to; i++)
        {
            if (i % 7 == 3) await Task.Yield();
            yield return i;
        }
    }

    public async IAsyncEnumerable<Bag> Bags()
    {
        yield return _bag;
        await Task.Yield();
        yield return _bag;
    }

    public async IAsyncEnumerable<int> FailAfter(int items)
    {
        for (var i = 0; i < items; i++) yield return i;
        await Task.Yield();
        throw new InvalidOperationException("the iterator failed");
    }

    public async IAsyncEnumerable<int> Endless([EnumeratorCancellation] CancellationToken ct)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                yield return i;
                await Task.Delay(i == 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, ct);
            }
        }
        finally
        {
            _finished++;
        }
    }

    public async IAsyncEnumerable<int> SlowThen(int value, int milliseconds, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Delay(milliseconds, ct);
        yield return value;
    }

    public Task<int> Finished() => Task.FromResult(_finished);

    public Task<int> Ordinary() => Task.FromResult(1);

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public abstract class StreamTests
{
    protected abstract IGrainFactory Grains { get; }

    private IStreamGrain Stream(string name) => Grains.GetGrain<IStreamGrain>(name);

    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 1)]
    [InlineData(5, 2)]
    [InlineData(1000, 100)]
    public async Task Items_ArriveInOrder_WhateverTheBatch(int count, int batch)
    {
        var items = new List<int>();
        await foreach (var item in Stream("count").Count(count).WithBatchSize(batch)) items.Add(item);
        Assert.Equal(Enumerable.Range(0, count), items);
    }

    [Fact]
    public async Task Items_AreCopies()
    {
        var bags = new List<Bag>();
        await foreach (var bag in Stream("bags").Bags())
        {
            Assert.Equal(["x"], bag.Items);
            bag.Items.Clear();
            bags.Add(bag);
        }
        Assert.Equal(2, bags.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Failure_ComesAfterTheItemsBeforeIt(int before)
    {
        var seen = 0;
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var _ in Stream("fails").FailAfter(before)) seen++;
        });
        Assert.Equal("the iterator failed", error.Message);
        Assert.Equal(before, seen);
    }

    [Fact]
    public async Task Break_RunsTheIteratorsFinally()
    {
        var grain = Stream("break");
        await foreach (var item in grain.Endless())
            if (item == 1) break;
        Assert.Equal(1, await grain.Finished());
    }

    [Fact]
    public async Task Cancel_WhileWaitingForAnItem_EndsBothSides()
    {
        var grain = Stream("cancel");
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in grain.Endless().WithCancellation(source.Token))
                if (item == 1) source.CancelAfter(20);
        });
        await Poll.UntilAsync(async () => await grain.Finished() == 1, "the iterator's finally ran");
    }

    [Fact]
    public async Task Cancel_ByTheMethodsOwnToken_EndsBothSides()
    {
        var grain = Stream("own-token");
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in grain.Endless(source.Token))
                if (item == 1) await source.CancelAsync();
        });
        await Poll.UntilAsync(async () => await grain.Finished() == 1, "the iterator's finally ran");
    }

    [Fact]
    public async Task Requests_DuringAnEnumeration_RunBetweenItsItems()
    {
        var grain = Stream("interleaves");
        await foreach (var item in grain.Endless())
        {
            Assert.Equal(1, await grain.Ordinary());
            if (item == 1) break;
        }
    }

    [Fact]
    public async Task Deactivation_DuringAnEnumeration_AbortsIt()
    {
        var grain = Stream("ends");
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () =>
        {
            await foreach (var item in grain.Endless())
                if (item == 1) await grain.End();
        });
    }
}

public sealed class LocalStreamTests(SiloFixture silo) : StreamTests, IClassFixture<SiloFixture>
{
    protected override IGrainFactory Grains => silo.Grains;

    [Fact]
    public async Task SlowProducer_BeyondTheResponseTimeout_StillArrives()
    {
        await using var own = await TestSilo.StartAsync(b => b.Configure<global::Orleans.Configuration.SiloMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(2)));
        var items = new List<int>();
        await foreach (var item in own.Grains.GetGrain<IStreamGrain>("slow").SlowThen(5, 3000)) items.Add(item);
        Assert.Equal(5, Assert.Single(items));
    }

    [Fact]
    public async Task ReaderThatDoesNotPull_IsAbortedAndTheFinallyRuns()
    {
        var time = new ManualTime();
        await using var own = await TestSilo.StartAsync(b => b.Services.AddSingleton<TimeProvider>(time));
        var grain = own.Grains.GetGrain<IStreamGrain>("idle");
        await using var reader = grain.Endless().WithBatchSize(1).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        await Poll.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return await grain.Finished() == 1;
            },
            "the enumeration is swept");
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () => await reader.MoveNextAsync());
    }
}

public sealed class GatewayStreamTests(GatewayFixture gateway) : StreamTests, IClassFixture<GatewayFixture>
{
    protected override IGrainFactory Grains => gateway.Grains;
}
