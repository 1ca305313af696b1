using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Attention;

namespace AlpacaCot.Models.Blocks;

/// <summary>
/// Grouped-query self-attention over a packed row of tokens: softmax(q kᵀ / sqrt(head_dim)) v, query head i on key/value head
/// i / (heads / kv heads). Each segment sees its adapter's learned keys, its cache or the segment that it continues, and itself up to the token, as far
/// as window and prompt say.
/// </summary>
internal sealed class Attention(int block, AttentionShape shape, IQueryKeyValue inputs, ProjectionSite output)
{
    public AttentionShape Shape => shape;

    public IQueryKeyValue Inputs => inputs;

    public ProjectionSite Output => output;

    /// <summary>Norm of each head's query before the rotation, or null.</summary>
    public INorm? QueryNorm { get; init; }

    /// <summary>Norm of each head's key, likewise.</summary>
    public INorm? KeyNorm { get; init; }

    /// <summary><c>[tokens, hidden]</c> → <c>[kept tokens, hidden]</c>: the queries of <paramref name="kept"/> on the keys and values of all.</summary>
    public Tensor Forward(Tensor x, ForwardStep step, ForwardStep kept)
    {
        var (q, k, v) = inputs.Project(x, shape, step, kept);
        q = kept.Positions.Rotate(QueryNorm is null ? q : kept.Norm(QueryNorm, q));
        k = step.Positions.Rotate(KeyNorm is null ? k : step.Norm(KeyNorm, k));
        var attended = step.Cache is { } cache ? WithCache(q, k, v, step, cache, kept.Bounds) : Alone(q, k, v, step, kept.Bounds);
        var y = kept.Project(output, attended.reshape(q.size(0), shape.Heads * shape.HeadDim));
        return kept.Hooks.AfterAttention(block, y, kept.Layout);
    }

    // The prompts that are read in both directions begin behind the learned keys, which every token sees.
    private AttentionOptions Options(ForwardStep step) => step.Positions.Prefixes is { } prefixes
        ? shape.Options with { Prefix = [.. prefixes.Select((prefix, i) => prefix + step.Layout.Segments[i].Prefix.Keys)] }
        : shape.Options;

    private Tensor Alone(Tensor q, Tensor k, Tensor v, ForwardStep step, int[] queries)
    {
        var segments = step.Layout.Segments;
        if (segments.All(segment => segment.Prefix.Keys == 0)) return Functional.SegmentAttention(q, k, v, queries, step.Bounds, Options(step), step.Continues);

        // Learned keys and values stand in front of the sequences that they belong to; what lies between two such places stays in one piece.
        var (bounds, lengths, learned) = (new int[segments.Count + 1], new List<long>(), new List<ExtraKeyValues>());
        var own = new Dictionary<int, ExtraKeyValues>();
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            var extra = segment.Continues < 0 ? segment.Prefix.Keys : 0;
            if (extra > 0)
            {
                if (!own.TryGetValue(segment.Member, out var both))
                {
                    var (keys, values) = step.Hooks.Extra(block, segment.Member);
                    own[segment.Member] = both = new ExtraKeyValues(keys.to(k.dtype), values.to(v.dtype));
                }
                learned.Add(both);
            }
            if (extra > 0 || lengths.Count == 0) lengths.Add(0);
            lengths[^1] += segment.Length;
            bounds[i + 1] = bounds[i] + segment.Length + extra;
        }
        Tensor WithLearned(Tensor rows, Func<ExtraKeyValues, Tensor> part)
        {
            var pieces = RowRuns.Cut(rows, [.. lengths]);
            var bare = pieces.Length - learned.Count; // the first sequences may have none
            return RowRuns.Join([.. pieces.Take(bare), .. pieces.Skip(bare).Zip(learned).SelectMany(pair => new[] { part(pair.Second), pair.First })]);
        }
        return Functional.SegmentAttention(q, WithLearned(k, extra => extra.Keys), WithLearned(v, extra => extra.Values), queries, bounds, Options(step), step.Continues);
    }

    private Tensor WithCache(Tensor q, Tensor k, Tensor v, ForwardStep step, KvCache cache, int[] queries)
    {
        var segments = step.Layout.Segments;
        Tensor[] keys = new Tensor[segments.Count], values = new Tensor[segments.Count];
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            (keys[i], values[i]) = cache.Append(block, segment, k.narrow(0, segment.Start, segment.Length), v.narrow(0, segment.Start, segment.Length));
        }
        return Functional.CachedAttention(q, keys, values, queries, Options(step));
    }
}
