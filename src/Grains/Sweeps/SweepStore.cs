using System.Globalization;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using Orleans.Storage;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// A sweep's record in the store, in parts that change at different rates: the submission once, the head with every lease, the report at the end, and shards of some
/// trials each, so that a change writes a few kilobytes however large the sweep is. Parts that are written together may be stored one by one; <see cref="SweepState.Load"/> copes with that.
/// </summary>
internal sealed class SweepStore(GrainId sweep, IGrainStorage storage, RecordHealth health)
{
    private readonly GrainState<SweepSubmission> _submission = new(new SweepSubmission());
    private readonly GrainState<SweepRecord> _record = new(new SweepRecord());
    private readonly GrainState<StoredReport> _report = new(new StoredReport());
    private readonly Dictionary<int, GrainState<SweepShard>> _shards = [];

    /// <summary>How the sweep was submitted.</summary>
    public SweepSubmission Submission => _submission.State!;

    /// <summary>Its report.</summary>
    public StoredReport Report => _report.State!;

    /// <summary>Whether its end has been dealt with.</summary>
    public bool Ended => _record.State!.Ended;

    /// <summary>Reads the record; null where there is no such sweep.</summary>
    /// <exception cref="SweepException">A part is missing, or this version reads the spec differently.</exception>
    public async Task<SweepState?> LoadAsync()
    {
        await storage.ReadStateAsync("sweep", sweep, _record).WithinPatience();
        await storage.ReadStateAsync("submission", sweep, _submission).WithinPatience();
        if (Submission.Origin is not { } origin) return null;
        await Task.WhenAll(Enumerable.Range(0, origin.Shards).Select(index => storage.ReadStateAsync(ShardName(index), sweep, ShardOf(index)))).WithinPatience();
        // Without a head these are the parts of a submission that did not come to its end: the next one overwrites them.
        if (_record.State!.Header is not { } header) return null;
        await storage.ReadStateAsync("report", sweep, _report).WithinPatience();
        return SweepState.Load(origin, header, _shards.Values.Where(shard => shard.RecordExists).Select(shard => shard.State!), new SchedulingOptions());
    }

    /// <summary>Writes a new sweep; its head comes last, and with it the sweep exists.</summary>
    public async Task CreateAsync(SweepSubmission submission, SweepState state)
    {
        _submission.State = submission;
        await WriteAsync("submission", _submission);
        await WriteAsync(state);
    }

    /// <summary>Writes what has changed of a state.</summary>
    public async Task WriteAsync(SweepState state)
    {
        var (header, shards) = state.CollectChanges();
        await Task.WhenAll(shards.Select(shard =>
        {
            var stored = ShardOf(shard.Index);
            stored.State = shard;
            return WriteAsync(ShardName(shard.Index), stored);
        }));
        if (!header) return;
        _record.State!.Header = state.Header;
        await WriteAsync("sweep", _record);
    }

    /// <summary>Writes what has changed of a state, and whether its end has been dealt with.</summary>
    public async Task WriteEndedAsync(SweepState state, bool ended)
    {
        await WriteAsync(state);
        _record.State!.Ended = ended;
        await WriteAsync("sweep", _record);
    }

    /// <summary>Writes the report's record.</summary>
    public Task WriteReportAsync(StoredReport report)
    {
        _report.State = report;
        return WriteAsync("report", _report);
    }

    /// <summary>Removes the record; its head goes first, and with it the sweep.</summary>
    public async Task DeleteAsync()
    {
        await storage.ClearStateAsync("sweep", sweep, _record);
        foreach (var (index, shard) in _shards.Where(shard => shard.Value.RecordExists)) await storage.ClearStateAsync(ShardName(index), sweep, shard);
        await storage.ClearStateAsync("report", sweep, _report);
        await storage.ClearStateAsync("submission", sweep, _submission);
    }

    private async Task WriteAsync<T>(string part, GrainState<T> state)
    {
        try
        {
            await storage.WriteStateAsync(part, sweep, state).WithinPatience();
        }
        catch (Exception e)
        {
            health.Failed(sweep.Key.ToString()!, part, e.Message);
            throw;
        }
        health.Written(sweep.Key.ToString()!, part);
    }

    private GrainState<SweepShard> ShardOf(int index) => _shards.TryGetValue(index, out var shard) ? shard : _shards[index] = new GrainState<SweepShard>();

    private static string ShardName(int index) => string.Create(CultureInfo.InvariantCulture, $"shard-{index}");
}
