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
    private (SegmentLayout Layout, RowDropout?[] Runs)? _dropout;

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

    /// <summary>Switches training on until the result is disposed of: adapters with dropout apply it, by the tokens' keys.</summary>
    public IDisposable Train()
    {
        _training = true;
        return new TrainingMode(this);
    }

    /// <inheritdoc/>
    public SegmentPrefix Prefix(int member) => member < 0 ? default : this[member].Prefix;

    /// <inheritdoc/>
    public Tensor VirtualRows(int member) => this[member].VirtualRows();

    /// <inheritdoc/>
    public ExtraKeyValues Extra(int block, int member) => this[member].Extra(block);

    /// <inheritdoc/>
    public Tensor Embedded(Tensor ids, Tensor hidden, SegmentLayout layout)
        => Apply(layout, ids, hidden, adapter => adapter.ActsAtEmbedding, (adapter, own, rows, _) => adapter.Embedded(own, rows));

    /// <inheritdoc/>
    public Tensor BeforeProjection(ProjectionSite site, Tensor x, SegmentLayout layout)
        => Apply(layout, x, adapter => adapter.ActsBefore(site), (adapter, rows, run) => adapter.BeforeProjection(site, rows, Dropout(run, layout)));

    /// <inheritdoc/>
    public Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, SegmentLayout layout)
        => Apply(layout, x, y, adapter => adapter.ActsAfter(site), (adapter, own, rows, run) => adapter.AfterProjection(site, own, rows, Dropout(run, layout)));

    /// <inheritdoc/>
    public Tensor Project(ProjectionSite site, Tensor x, SegmentLayout layout)
    {
        x = BeforeProjection(site, x, layout);
        if (Pieces(layout, adapter => adapter.ActsAfter(site)) is not { Count: > 1 } pieces) return AfterProjection(site, x, site.Weights.Forward(x), layout);
        // Rows of unlike members: the adapters' gradients of x go where the product's lies already.
        var (whole, runs) = RowRuns.Share(x, [.. pieces.Where(piece => piece.Adapter is not null).Select(piece => (piece.Start, piece.Length))]);
        var sources = new Queue<Tensor>(runs);
        return Apply(site.Weights.Forward(whole), pieces, (piece, rows) => piece.Adapter!.AfterProjection(site, sources.Dequeue(), rows, Dropout(piece.Run, layout)));
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

    /// <inheritdoc/>
    public bool ActsInPlace(SegmentLayout layout)
    {
        foreach (var run in layout.Runs)
            if (run.Member >= 0 && !this[run.Member].ActsInPlace) return false;
        return true;
    }

    /// <inheritdoc/>
    public Tensor AfterNorm(NormSite site, Tensor x, Tensor y, SegmentLayout layout)
        => Apply(layout, x, y, adapter => adapter.ActsAfterNorm(site), (adapter, own, rows, _) => adapter.AfterNorm(site, own, rows));

    /// <inheritdoc/>
    public Tensor AfterAttention(int block, Tensor y, SegmentLayout layout)
        => Apply(layout, y, adapter => adapter.ActsAfterAttention(block), (adapter, rows, _) => adapter.AfterAttention(block, rows));

    /// <inheritdoc/>
    public Tensor AfterMlp(int block, Tensor y, SegmentLayout layout)
        => Apply(layout, y, adapter => adapter.ActsAfterMlp(block), (adapter, rows, _) => adapter.AfterMlp(block, rows));

    /// <inheritdoc/>
    public Tensor Head(Tensor hidden, SegmentLayout layout, Func<Tensor, Tensor> logits)
    {
        if (!layout.Runs.Any(run => run.Member >= 0 && this[run.Member].ActsAtHead)) return logits(hidden);
        // Rows of members without a head of their own go through the base's, run by run: nobody computes logits that are thrown away.
        Tensor[] parts = [.. RowRuns.Cut(hidden, [.. layout.Runs.Select(run => (long)run.Length)]).Zip(layout.Runs, (rows, run) => run.Member >= 0 && this[run.Member] is { ActsAtHead: true } adapter ? adapter.Head(rows, logits) : logits(rows))];
        return RowRuns.Join(parts);
    }

    private Tensor Apply(SegmentLayout layout, Tensor tensor, Func<Adapter, bool> acts, Func<Adapter, Tensor, int, Tensor> act)
        => Pieces(layout, acts) is { } pieces ? Apply(tensor, pieces, (piece, rows) => act(piece.Adapter!, rows, piece.Run)) : tensor;

    // What is changed, and what it came from, where the adapters look at that too.
    private Tensor Apply(SegmentLayout layout, Tensor source, Tensor tensor, Func<Adapter, bool> acts, Func<Adapter, Tensor, Tensor, int, Tensor> act)
    {
        if (Pieces(layout, acts) is not { } pieces) return tensor;
        var sources = new Queue<Tensor>(Cut(source, pieces).Zip(pieces).Where(part => part.Second.Adapter is not null).Select(part => part.First));
        return Apply(tensor, pieces, (piece, rows) => act(piece.Adapter!, sources.Dequeue(), rows, piece.Run));
    }

    private static Tensor Apply(Tensor tensor, List<Piece> pieces, Func<Piece, Tensor, Tensor> act)
    {
        var parts = Cut(tensor, pieces);
        for (var i = 0; i < parts.Length; i++)
            if (pieces[i].Adapter is not null) parts[i] = act(pieces[i], parts[i]);
        return RowRuns.Join(parts);
    }

    // All at once: their gradients are put together once, where those of single slices would each be as long as the whole.
    private static Tensor[] Cut(Tensor tensor, List<Piece> pieces) => RowRuns.Cut(tensor, [.. pieces.Select(piece => (long)piece.Length)]);

    // The runs of the members that act, and the rows between them; null where none does.
    private List<Piece>? Pieces(SegmentLayout layout, Func<Adapter, bool> acts)
    {
        List<Piece>? pieces = null;
        var end = 0;
        for (var i = 0; i < layout.Runs.Count; i++)
        {
            var (member, start, length) = layout.Runs[i];
            if (member < 0 || this[member] is not { } adapter || !acts(adapter)) continue;
            pieces ??= [];
            if (start > end) pieces.Add(new Piece(null, -1, end, start - end));
            pieces.Add(new Piece(adapter, i, start, length));
            end = start + length;
        }
        if (pieces is not null && end < layout.Tokens) pieces.Add(new Piece(null, -1, end, layout.Tokens - end));
        return pieces;
    }

    // Rows of a member that acts, and the number of its run; or rows that stay as they are.
    private readonly record struct Piece(Adapter? Adapter, int Run, int Start, int Length);

    private RowDropout? Dropout(int run, SegmentLayout layout)
    {
        if (!_training || !this[layout.Runs[run].Member].HasDropout) return null;
        if (_dropout?.Layout != layout) _dropout = (layout, new RowDropout?[layout.Runs.Count]); // once per layout, not per projection
        return _dropout.Value.Runs[run] ??= Of(layout.Runs[run], layout);
    }

    private static RowDropout Of(MemberRun run, SegmentLayout layout)
        => new([.. layout.Segments.Where(s => s.Start >= run.Start && s.End <= run.Start + run.Length).SelectMany(s => s.Keys.ToArray())]);

    private sealed class TrainingMode(AdapterBank bank) : IDisposable
    {
        public void Dispose() => (bank._training, bank._dropout) = (false, null);
    }
}
