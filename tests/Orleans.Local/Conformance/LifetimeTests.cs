using System.Collections.Concurrent;
using global::Orleans.Configuration;

namespace AlpacaCot.Tests.LocalSilo.Conformance;

/// <summary>What activations report of their lives; a service of the silo.</summary>
public sealed class LifeLog
{
    public ConcurrentQueue<string> Lines { get; } = new();
}

public interface ILifeGrain : IGrainWithStringKey
{
    Task<string> Touch();

    Task End();

    Task Stay(TimeSpan span);
}

public class LifeGrain(LifeLog log) : Grain, ILifeGrain, IAsyncDisposable
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        log.Lines.Enqueue($"{this.GetPrimaryKeyString()} activate");
        return this.GetPrimaryKeyString() == "broken" ? throw new InvalidOperationException("cannot activate") : Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Yield();
        log.Lines.Enqueue($"{this.GetPrimaryKeyString()} {reason.ReasonCode}");
    }

    public Task<string> Touch() => Task.FromResult("touched");

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Stay(TimeSpan span)
    {
        DelayDeactivation(span);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        log.Lines.Enqueue($"{this.GetPrimaryKeyString()} dispose");
        return default;
    }
}

[KeepAlive]
public class EternalLifeGrain(LifeLog log) : LifeGrain(log), IEternalLifeGrain;

public interface IEternalLifeGrain : ILifeGrain;

public sealed class LifetimeTests
{
    private readonly LifeLog _log = new();

    private Task<TestSilo> StartAsync(Action<ISiloBuilder>? configure = null) => TestSilo.StartAsync(builder =>
    {
        builder.Services.AddSingleton(_log);
        configure?.Invoke(builder);
    });

    private Task AdvanceUntilAsync(ManualTime time, string line) => Poll.UntilAsync(
        () =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return _log.Lines.Contains(line);
        },
        line);

    [Fact]
    public async Task DeactivateOnIdle_EndsAndTheNextCallActivatesAnew()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ILifeGrain>("a");
        await grain.End();
        Assert.Equal("touched", await grain.Touch());
        await Poll.UntilAsync(() => _log.Lines.Count >= 4, "the second life");
        Assert.Equal(["a activate", "a ApplicationRequested", "a dispose", "a activate"], _log.Lines);
    }

    [Fact]
    public async Task ActivationFailure_ReachesTheCaller_AndTheNextCallTriesAgain()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ILifeGrain>("broken");
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(grain.Touch);
            Assert.Equal("cannot activate", error.Message);
        }
        Assert.Equal(2, _log.Lines.Count(l => l == "broken activate"));
    }

    [Fact]
    public async Task IdleActivation_IsCollected_ButNotAKeptOne()
    {
        var time = new ManualTime();
        var started = time.GetUtcNow();
        await using var silo = await StartAsync(builder => builder.Services.AddSingleton<TimeProvider>(time));
        await silo.Grains.GetGrain<ILifeGrain>("idle").Touch();
        await silo.Grains.GetGrain<ILifeGrain>("delayed").Stay(TimeSpan.FromHours(1));
        await silo.Grains.GetGrain<IEternalLifeGrain>("eternal").Touch();
        for (var minute = 0; minute < 14; minute++) time.Advance(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain("idle ActivationIdle", _log.Lines);
        await AdvanceUntilAsync(time, "idle ActivationIdle");
        Assert.DoesNotContain("delayed ActivationIdle", _log.Lines);
        await AdvanceUntilAsync(time, "delayed ActivationIdle");
        Assert.True(time.GetUtcNow() - started >= TimeSpan.FromHours(1), "collected before its delay was over");
        Assert.DoesNotContain("eternal ActivationIdle", _log.Lines);
    }

    [Fact]
    public async Task ClassSpecificAge_Applies()
    {
        var time = new ManualTime();
        await using var silo = await StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Configure<GrainCollectionOptions>(o => o.ClassSpecificCollectionAge[typeof(LifeGrain).FullName!] = TimeSpan.FromMinutes(2));
        });
        await silo.Grains.GetGrain<ILifeGrain>("short").Touch();
        var started = time.GetUtcNow();
        await AdvanceUntilAsync(time, "short ActivationIdle");
        Assert.True(time.GetUtcNow() - started < TimeSpan.FromMinutes(15), "collected at the common age only");
    }

    [Fact]
    public async Task SiloStop_DeactivatesAll()
    {
        var silo = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => silo.Grains.GetGrain<ILifeGrain>($"g{i}").Touch()));
        await silo.DisposeAsync();
        Assert.Equal(20, _log.Lines.Count(l => l.EndsWith(" ShuttingDown", StringComparison.Ordinal)));
        Assert.Equal(20, _log.Lines.Count(l => l.EndsWith(" dispose", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RequestsDuringDeactivation_GoToTheNextActivation()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<ILifeGrain>("busy");
        var calls = Enumerable.Range(0, 200).Select(async i =>
        {
            if (i % 10 == 0) await grain.End();
            return await grain.Touch();
        });
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal("touched", answer));
    }
}
