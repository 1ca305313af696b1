using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// y = x Wᵀ + b with a weight that is never trained: no gradient of it, nothing saved for it. On a processor that computes in bf16 the
/// weight is kept in the layout of oneDNN's kernels, one copy per direction, made when that direction is first used.
/// </summary>
public sealed class FrozenLinear : IDisposable
{
    // oneDNN's layout does not depend on the number of rows, but its choice is made for one.
    private const long UsualRows = 512;

    // A head over a vocabulary: beyond what the caches hold, oneDNN's layout loses to the plain one (262 rows of 512 by 32,000 on two AVX512-BF16 threads:
    // 862 GFLOP/s against 716 forward, 859 against 706 backward with the weight kept transposed).
    private const long LargeElements = 8L << 20;

    // More rows than these, and oneDNN's layout is the faster one (1,376 by 512, one AVX512-BF16 thread: 54 µs of either at 8 rows, 101 and 75 at 16).
    private const int UnpackedRows = 8;

    private readonly Lock _lock = new();
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly bool _packs, _large;
    private Tensor? _forward;
    private Tensor? _backward;

    /// <summary>Holds a weight <c>[out, in]</c> and a bias <c>[out]</c> or none, without copying them.</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public FrozenLinear(Tensor weight, Tensor? bias = null)
    {
        if (weight.dim() != 2 || (bias is not null && (bias.dim() != 1 || bias.size(0) != weight.size(0))))
            throw new ArgumentException($"weight {weight.Describe()} and bias {bias?.Describe() ?? "none"} do not fit [out, in] and [out]", nameof(weight));
        _weight = weight.Share();
        _bias = bias?.Share();
        _packs = CanPack && weight.dtype == bfloat16 && weight.device_type == DeviceType.CPU && weight.is_contiguous()
            && (bias is null || (bias.dtype == bfloat16 && bias.is_contiguous()));
        _large = weight.numel() >= LargeElements;
    }

    /// <summary>Whether bf16 weights are packed here: the processor computes in bf16, by AVX-512.</summary>
    public static bool CanPack { get; } = Avx512F.IsSupported && ProcessorFeatures.HasBf16;

    /// <summary>Whether so many rows go through a packed copy of the weight; others of a few rows through the weight itself.</summary>
    public bool Packs(long rows) => _packs && !_large && rows > UnpackedRows;

    /// <summary>x Wᵀ + b for <c>[..., in]</c> in the weight's type; the gradient flows to x alone.</summary>
    public Tensor Forward(Tensor x)
    {
        if (MatVec.Suits(x, _weight, _bias) && !Packs(x.numel() / x.size(-1))) return MatVec.Run(x, _weight, _bias);
        if (!_packs || x.dtype != bfloat16 || x.size(-1) != _weight.size(1)) return Products.Linear(x, _weight, _bias);
        Tensor y;
        using (no_grad())
        using (Products.Measured(x, _weight))
            y = _large ? Large(x) : Product(x, Packed(ref _forward, false), _weight.size(0), _bias);
        Autograd.Function([x], [y], [], (grads, _) => [grads[0] is { } dy ? Backward(dy.to(bfloat16)) : null]);
        return y;
    }

    // oneDNN's plain matrix product: what libtorch's linear takes instead is slower here (729 GFLOP/s).
    private Tensor Large(Tensor x)
    {
        if (x.dim() != 2 || _bias is not null) return nn.functional.linear(x, _weight, _bias);
        using var transposed = _weight.t();
        return EvenRows.Product(x.contiguous(), rows => rows.mm(transposed));
    }

    private Tensor Backward(Tensor dy)
    {
        var weight = Packed(ref _backward, true);
        using var _ = Products.Measured(dy, _weight, back: true);
        if (!_large) return Product(dy, weight, _weight.size(1), null);
        return dy.dim() == 2 ? EvenRows.Product(dy.contiguous(), rows => nn.functional.linear(rows, weight)) : nn.functional.linear(dy, weight);
    }

    private Tensor Packed(ref Tensor? field, bool transposed)
    {
        if (Volatile.Read(ref field) is { } made) return made;
        lock (_lock)
        {
            if (field is not null) return field;
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            var weight = transposed ? _weight.t().contiguous() : _weight;
            if (!_large) weight = Aten.ReorderLinearWeight(weight, UsualRows);
            Volatile.Write(ref field, weight.DetachFromDisposeScope());
            return weight;
        }
    }

    private static Tensor Product(Tensor x, Tensor packed, long n, Tensor? bias)
    {
        if (x.dim() == 2) return EvenRows.Product(x.contiguous(), rows => Aten.LinearPointwise(rows, packed, bias));
        var shape = x.shape;
        shape[^1] = n;
        return EvenRows.Product(x.reshape(-1, x.size(-1)).contiguous(), rows => Aten.LinearPointwise(rows, packed, bias)).view(shape);
    }

    /// <summary>Frees the packed copies and lets go of the weight.</summary>
    public void Dispose()
    {
        _forward?.Dispose();
        _backward?.Dispose();
        _weight.Dispose();
        _bias?.Dispose();
    }
}
