using AlpacaCot.Kernels.Native;
namespace AlpacaCot.Kernels.Attention;

/// <summary>
/// One call of attention: where every segment's rows lie. A part of the work is one kv head, with all its query heads, of one segment or,
/// in the backward pass, of a segment and all those that continue it.
/// </summary>
internal sealed unsafe class AttentionCall
{
    /// <summary>Queries that are worked on together.</summary>
    internal const int Block = 32;

    internal struct Segment
    {
        internal byte* K, V, DK, DV;
        internal long KRow, KHead, VRow, VHead, DRow;
        internal int Start, Queries, Keys, Front, Continues, Prefix;   // Keys counts those in front too; Continues is the segment that they are of
    }

    internal struct Context
    {
        internal Segment* Segments;
        internal int* Groups;
        internal byte* Q, Y, Dy, DQ;
        internal float* Lse, Alibi;
        internal long QRow, QHead, YRow, Tokens;
        internal int Heads, KvHeads, D, Window;
        internal float Scale;
        internal bool InBf16;
    }

    private readonly Tensor _q;
    private readonly Segment[] _segments;
    private readonly AttentionOptions _options;
    private readonly List<Tensor> _kept = [];
    private readonly AttentionSegments? _cuts;
    private int _kvHeads;

    /// <summary>Products of rows in bf16 are of bf16: where the processor has them. Elsewhere they are fp32's.</summary>
    internal bool InBf16 { get; init; } = BlockProduct.IsFast;

    internal AttentionCall(Tensor q, Tensor k, Tensor v, AttentionSegments cuts, AttentionOptions options) : this(q, cuts.Queries, options)
    {
        _cuts = cuts;
        Tensor keys = Rows(k), values = Rows(v);
        for (var s = 0; s < _segments.Length; s++)
        {
            Add(s, keys, values, cuts.Keys[s], cuts.Keys[s + 1]);
            if (cuts.Front(s) is not { } front) continue;
            ref var segment = ref _segments[s];
            segment.Continues = front;
            segment.Front = _segments[front].Keys;
            segment.Keys += segment.Front;
        }
    }

    internal AttentionCall(Tensor q, int[] bounds, AttentionOptions options)
    {
        _q = Rows(q);
        _options = options;
        _segments = new Segment[bounds.Length - 1];
        for (var s = 0; s < _segments.Length; s++)
            _segments[s] = new Segment { Start = bounds[s], Queries = bounds[s + 1] - bounds[s], Prefix = options.Prefix?[s] ?? 0 };
    }

    /// <summary>Itself where its heads' channels lie together, else a copy.</summary>
    internal static Tensor Rows(Tensor x) => x.stride(2) == 1 || x.size(2) == 1 ? x : x.contiguous();

    internal void Add(int s, Tensor k, Tensor v) => Add(s, k, v, 0, (int)k.size(0));

    private void Add(int s, Tensor k, Tensor v, int start, int end)
    {
        ref var segment = ref _segments[s];
        var size = k.ElementSize;
        (segment.KRow, segment.KHead, segment.VRow, segment.VHead) = (k.stride(0), k.stride(1), v.stride(0), v.stride(1));
        segment.K = (byte*)k.Pointer() + start * segment.KRow * size;
        segment.V = (byte*)v.Pointer() + start * segment.VRow * size;
        segment.Keys = end - start;
        _kvHeads = (int)k.size(1);
        _kept.Add(k);
        _kept.Add(v);
    }

    /// <summary>Attended values <c>[tokens, heads, d]</c> and log-sum-exp of the scores <c>[heads, tokens]</c>.</summary>
    internal (Tensor Y, Tensor Lse) Forward<T>() where T : IElement
    {
        var y = torch.empty([_q.size(0), _q.size(1), _q.size(2)], T.Type);
        var lse = torch.empty([_q.size(1), _q.size(0)]);
        fixed (Segment* segments = _segments)
        fixed (float* alibi = _options.Alibi)
        {
            var context = Make<T>(segments, alibi, lse);
            context.Y = (byte*)y.Pointer();
            using var _ = KernelProfile.IsOn ? Measured("attention", context, _segments.Length, y.ElementSize, products: 2) : default;
            Threads.For(_segments.Length * _kvHeads, &AttentionForward.Part<T>, &context);
        }
        GC.KeepAlive(_kept);
        return (y, lse);
    }

    /// <summary>Gradients of queries, keys and values; null for those that need none.</summary>
    internal Tensor?[] Backward<T>(Tensor q, Tensor k, Tensor v, Tensor y, Tensor lse, Tensor dy) where T : IElement
    {
        var cuts = _cuts ?? throw new InvalidOperationException("attention over caches has no gradient");
        dy = dy.contiguous();
        Tensor? dq = q.requires_grad ? torch.empty(_q.shape, T.Type) : null, dk = k.requires_grad ? torch.empty(k.shape, T.Type) : null,
            dv = v.requires_grad ? torch.empty(v.shape, T.Type) : null;
        var row = k.size(1) * k.size(2);
        for (var s = 0; s < _segments.Length; s++)
        {
            _segments[s].DRow = row;
            _segments[s].DK = dk is null ? null : (byte*)dk.Pointer() + cuts.Keys[s] * row * k.ElementSize;
            _segments[s].DV = dv is null ? null : (byte*)dv.Pointer() + cuts.Keys[s] * row * k.ElementSize;
        }
        fixed (Segment* segments = _segments)
        fixed (int* groups = cuts.Groups)
        fixed (float* alibi = _options.Alibi)
        {
            var context = Make<T>(segments, alibi, lse);
            context.Groups = groups;
            context.Y = (byte*)y.Pointer();
            context.Dy = (byte*)dy.Pointer();
            context.DQ = dq is null ? null : (byte*)dq.Pointer();
            // Scores are computed again: they are not kept.
            using var _ = KernelProfile.IsOn ? Measured("attention, backward", context, _segments.Length, dy.ElementSize, products: 5) : default;
            Threads.For((cuts.Groups.Length - 1) * _kvHeads, context.InBf16 ? &Bf16Backward.Part : &AttentionBackward.Part<T>, &context);
        }
        GC.KeepAlive(_kept);
        return [dq, dk, dv];
    }

    /// <summary>Attention in the profile: so many products of every query with every key that it sees. A window and a prefix are left out.</summary>
    internal static KernelProfile.Measurement Measured(string kernel, in Context c, int segments, long element, int products)
    {
        double pairs = 0, rows = 0;
        for (var s = 0; s < segments; s++)
        {
            ref var segment = ref c.Segments[s];
            pairs += (double)segment.Queries * (segment.Keys - segment.Queries) + segment.Queries * (segment.Queries + 1.0) / 2;
            rows += 2.0 * segment.Queries * c.Heads + 2.0 * (segment.Keys - segment.Front) * c.KvHeads;
        }
        return KernelProfile.Of(kernel, 2.0 * products * pairs * c.Heads * c.D, rows * c.D * element * (products > 2 ? 2 : 1));
    }

    private Context Make<T>(Segment* segments, float* alibi, Tensor lse) where T : IElement => new()
    {
        Segments = segments, Q = (byte*)_q.Pointer(), Lse = (float*)lse.Pointer(), Alibi = alibi,
        QRow = _q.stride(0), QHead = _q.stride(1), YRow = _q.size(1) * _q.size(2), Tokens = _q.size(0),
        Heads = (int)_q.size(1), KvHeads = _kvHeads, D = (int)_q.size(2), Window = _options.Window, Scale = _options.ScaleOf(_q),
        InBf16 = InBf16 && typeof(T) == typeof(BF16) && Bf16Blocks.Suits((int)_q.size(2)),
    };
}
