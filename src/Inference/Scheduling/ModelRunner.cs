using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// Runs the decoder over packed batches of sequences and chooses their tokens. A batch is sorted by member, so that each adapter acts on one run of rows.
/// </summary>
internal sealed class ModelRunner(Decoder decoder, IAdapterHooks? hooks) : IDisposable
{
    /// <summary>Chosen for a sequence whose logits are not finite: there is no token to choose.</summary>
    public const int NoToken = -1;

    private readonly KvCache _cache = new(decoder);

    /// <summary>Makes room for a sequence in the cache; returns its number.</summary>
    public int Open(ActiveSequence sequence) => _cache.Allocate(sequence.Prompt.Length);

    /// <summary>Gives a sequence's room back.</summary>
    public void Close(int sequence) => _cache.Free(sequence);

    /// <summary>Reads whole prompts; the first new token of each, in the order given.</summary>
    public int[] Prefill(IReadOnlyList<ActiveSequence> sequences) => Run(sequences, s => s.Prompt, _ => 0);

    /// <summary>One more token for each, in the order given.</summary>
    public int[] Decode(IReadOnlyList<ActiveSequence> sequences) => Run(sequences, s => [s.Next.Id], s => s.Next.Position);

    public void Dispose() => _cache.Dispose();

    private int[] Run(IReadOnlyList<ActiveSequence> sequences, Func<ActiveSequence, int[]> tokens, Func<ActiveSequence, int> position)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var order = Enumerable.Range(0, sequences.Count).OrderBy(i => sequences[i].Request.Member).ToArray();
        var ids = new List<long>();
        var segments = new List<Segment>();
        var rows = new List<Segment>();
        foreach (var i in order)
        {
            var s = sequences[i];
            var start = ids.Count;
            foreach (var id in tokens(s)) ids.Add(id);
            segments.Add(new Segment(start, ids.Count - start, s.Request.Member, position(s), s.CacheSequence));
            rows.Add(new Segment(rows.Count, 1, s.Request.Member));
        }
        var hidden = decoder.Hidden(torch.tensor(ids.ToArray()).to(decoder.Device), new SegmentLayout(segments), hooks, _cache);
        if (hidden.size(0) != rows.Count)
            hidden = hidden.index_select(0, torch.tensor(segments.Select(s => (long)s.End - 1).ToArray()).to(decoder.Device));
        var logits = decoder.Logits(hidden, new SegmentLayout(rows), hooks);
        return Choose(sequences, order, logits);
    }

    /// <summary>Why a sequence has no token.</summary>
    public string WhyNoToken() => NonFiniteLogits.Explain(decoder);

    private static int[] Choose(IReadOnlyList<ActiveSequence> sequences, int[] order, Tensor logits)
    {
        var chosen = new int[order.Length];
        if (!sequences.Any(s => s.Sampler.NeedsLogits))
        {
            // A NaN counts as the largest, as +∞ does, and −∞ is the largest only where there is nothing else: one value tells about the row.
            var best = new int[order.Length];
            var largest = new float[order.Length];
            Functional.ArgMax(logits, best, largest);
            for (var row = 0; row < order.Length; row++) chosen[order[row]] = float.IsFinite(largest[row]) ? best[row] : NoToken;
            return chosen;
        }
        var vocabulary = (int)logits.size(1);
        var values = logits.ToArray<float>();
        for (var row = 0; row < order.Length; row++)
        {
            var sequence = sequences[order[row]];
            var scores = values.AsSpan(row * vocabulary, vocabulary);
            chosen[order[row]] = FiniteValues.All(scores) ? sequence.Sampler.Choose(scores, sequence.Seen) : NoToken;
        }
        return chosen;
    }
}
