using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>
/// The adapters that share one frozen base. Segments of a packed batch name a member by its index; every hook hands each run of
/// equal members its own rows, and the rows of the bare base (member −1) pass untouched.
/// </summary>
/// <param name="decoder">The base model.</param>
public sealed class AdapterBank(Decoder decoder) : IAdapterHooks
{
    private readonly List<Adapter?> _members = [];
    private bool _training;
    private (SegmentLayout Layout, RowDropout[] Runs)? _dropout;

    /// <summary>The member of an index.</summary>
    /// <exception cref="AdapterException">There is none.</exception>
    public Adapter this[int member] => (uint)member < (uint)_members.Count && _members[member] is { } adapter
        ? adapter
        : throw new AdapterException($"no adapter has index {member} in this bank");

    /// <summary>Adds a member and returns its index, which stays its own until it is removed.</summary>
    /// <exception cref="AdapterException">The adapter was made for a model of other shapes.</exception>
    public int Add(Adapter adapter)
    {
        foreach (var target in adapter.Targets)
            if (!decoder.Projections.Any(site => site.Path == target.Path && site.Weights.In == target.Weights.In && site.Weights.Out == target.Weights.Out))
                throw new AdapterException($"the adapter acts on {target.Path}, which this model does not have in that shape");
        var free = _members.IndexOf(null);
        if (free < 0) _members.Add(adapter);
        else _members[free] = adapter;
        return free < 0 ? _members.Count - 1 : free;
    }

    /// <summary>Removes a member; its index may be given to another. The adapter is not disposed of.</summary>
    public void Remove(int member)
    {
        _ = this[member];
        _members[member] = null;
    }

    /// <summary>Switches training on until the result is disposed of: adapters with dropout apply it, by the segments' keys.</summary>
    public IDisposable Train()
    {
        _training = true;
        return new TrainingMode(this);
    }

    /// <inheritdoc/>
    public Tensor BeforeProjection(ProjectionSite site, Tensor x, SegmentLayout layout)
        => Apply(layout, x, adapter => adapter.ActsBefore(site), (adapter, rows, _) => adapter.BeforeProjection(site, rows));

    /// <inheritdoc/>
    public Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, SegmentLayout layout)
    {
        Tensor[]? inputs = layout.Runs.Count == 1 ? [x] : null; // split once, and only when a member asks
        return Apply(layout, y, adapter => adapter.ActsAfter(site), (adapter, rows, run) =>
        {
            inputs ??= Split(x, layout);
            return adapter.AfterProjection(site, inputs[run], rows, Dropout(run, layout));
        });
    }

    /// <inheritdoc/>
    public Rows BeforeProjection(ProjectionSite site, Rows x, SegmentLayout layout)
    {
        var changed = x;
        foreach (var run in layout.Runs)
        {
            if (run.Member < 0 || this[run.Member] is not { } adapter || !adapter.ActsBefore(site)) continue;
            if (changed.SharesMemory(x)) changed = x.Clone(); // other projections read x too
            adapter.BeforeProjection(site, changed.Slice(run.Start, run.Length));
        }
        return changed;
    }

    /// <inheritdoc/>
    public void AfterProjection(ProjectionSite site, Rows x, Rows y, SegmentLayout layout)
    {
        foreach (var run in layout.Runs)
            if (run.Member >= 0 && this[run.Member] is { } adapter && adapter.ActsAfter(site)) adapter.AfterProjection(site, x.Slice(run.Start, run.Length), y.Slice(run.Start, run.Length));
    }

    private Tensor Apply(SegmentLayout layout, Tensor tensor, Func<Adapter, bool> acts, Func<Adapter, Tensor, int, Tensor> act)
    {
        var adapters = new Adapter?[layout.Runs.Count];
        for (var i = 0; i < adapters.Length; i++)
            if (layout.Runs[i].Member is >= 0 and var member && acts(this[member])) adapters[i] = this[member];
        if (!Array.Exists(adapters, adapter => adapter is not null)) return tensor;
        if (adapters.Length == 1) return act(adapters[0]!, tensor, 0);
        var parts = Split(tensor, layout);
        for (var i = 0; i < parts.Length; i++)
            if (adapters[i] is { } adapter) parts[i] = act(adapter, parts[i], i);
        return torch.cat(parts, 0);
    }

    private static Tensor[] Split(Tensor tensor, SegmentLayout layout) => tensor.split([.. layout.Runs.Select(run => (long)run.Length)], 0);

    private RowDropout? Dropout(int run, SegmentLayout layout)
    {
        if (!_training) return null;
        if (_dropout?.Layout != layout) _dropout = (layout, [.. layout.Runs.Select(rows => Of(rows, layout))]); // once per layout, not per projection
        return _dropout.Value.Runs[run];
    }

    private static RowDropout Of(MemberRun run, SegmentLayout layout)
        => new([.. layout.Segments.Where(s => s.Start >= run.Start && s.End <= run.Start + run.Length).Select(s => new DropoutRows(s.Length, s.Position, s.Key))]);

    private sealed class TrainingMode(AdapterBank bank) : IDisposable
    {
        public void Dispose() => (bank._training, bank._dropout) = (false, null);
    }
}
