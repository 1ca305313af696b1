using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// y = x Wᵀ + b with a weight that is never trained: no gradient of it, nothing saved for it. On a processor that computes in bf16 the
/// weight is kept in the layout of the kernels that multiply it, one copy per direction, made when that direction is first used.
/// </summary>
public sealed class FrozenLinear : IDisposable
{
    // oneDNN's layout does not depend on the number of rows, but its choice is made for one.
    private const long UsualRows = 512;

    // A head over a vocabulary. Beyond what the caches hold, oneDNN's layout loses to the plain one (262 rows of 512 by 32,000 on two AVX512-BF16 threads:
    // 862 GFLOP/s against 716 forward, 859 against 706 backward with the weight kept transposed).
    private const long LargeElements = 8L << 20;

    // More rows than these, and a packed weight is the faster one (1,376 by 512, one AVX512-BF16 thread, oneDNN's layout: 54 µs of either at 8 rows, 101 and 75 at 16).
    private const int UnpackedRows = 8;

    private readonly Lock _lock = new();
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly bool _packs, _large;
    private Packed? _forward, _backward, _bytes;

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
        using (no_grad()) y = Product(x, ref _forward, back: false);
        return WithGradient(x, y);
    }

    /// <summary>
    /// As <see cref="Forward"/> for rows <c>[rows, in]</c> on the processor, with the weight and x rounded to bytes (<see cref="ByteMatrix"/>); the gradient is that of the weight itself.
    /// </summary>
    public Tensor ForwardInBytes(Tensor x)
    {
        Tensor y;
        using (no_grad()) y = Made(ref _bytes, static linear => linear.InBytes()).Times(x, _bias);
        return WithGradient(x, y);
    }

    private Tensor WithGradient(Tensor x, Tensor y)
    {
        Autograd.Function([x], [y], [], (grads, _) => [grads[0] is { } dy ? Back(dy) : null]);
        return y;
    }

    private Tensor Back(Tensor dy) => _packs ? Product(dy.to(bfloat16), ref _backward, back: true) : Products.Times(dy, _weight.t(), back: true);

    private Tensor Product(Tensor x, ref Packed? field, bool back)
    {
        var packed = Made(ref field, back ? static linear => linear.Make(back: true) : static linear => linear.Make(back: false));
        using var _ = Products.Measured(x, _weight, back);
        if (x.dim() == 2) return packed.Times(x.contiguous(), back ? null : _bias);
        var shape = x.shape;
        shape[^1] = _weight.size(back ? 1 : 0);
        return packed.Times(x.reshape(-1, x.size(-1)).contiguous(), back ? null : _bias).view(shape);
    }

    private Packed Made(ref Packed? field, Func<FrozenLinear, Packed> make)
    {
        if (Volatile.Read(ref field) is { } made) return made;
        lock (_lock)
        {
            if (field is not null) return field;
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            var packed = make(this);
            Volatile.Write(ref field, packed);
            return packed;
        }
    }

    private Packed Make(bool back)
    {
        if (PanelMatrix.Suits(_weight.size(back ? 0 : 1)))
        {
            var panels = back ? PanelMatrix.Of(_weight) : PanelMatrix.OfTransposed(_weight);
            return new Packed((x, bias) => PanelProduct.Times(x, panels, bias), panels);
        }
        if (_large && !back) return new Packed(AsItIs, null);
        var weight = back ? _weight.t().contiguous() : _weight;
        if (!_large) weight = Aten.ReorderLinearWeight(weight, UsualRows);
        weight = weight.DetachFromDisposeScope();
        return new Packed((x, bias) => EvenRows.Product(x, rows => _large ? nn.functional.linear(rows, weight, bias) : Aten.LinearPointwise(rows, weight, bias)), weight);
    }

    private Packed InBytes()
    {
        var bytes = ByteMatrix.Of(_weight);
        return new Packed(bytes.Times, bytes);
    }

    // oneDNN's plain matrix product: what libtorch's linear takes instead is slower here (729 GFLOP/s).
    private Tensor AsItIs(Tensor x, Tensor? bias)
    {
        if (bias is not null) return nn.functional.linear(x, _weight, bias);
        using var transposed = _weight.t();
        return EvenRows.Product(x, rows => rows.mm(transposed));
    }

    /// <summary>Frees the packed copies and lets go of the weight.</summary>
    public void Dispose()
    {
        _forward?.Copy?.Dispose();
        _backward?.Copy?.Dispose();
        _bytes?.Copy?.Dispose();
        _weight.Dispose();
        _bias?.Dispose();
    }

    /// <summary>How rows are multiplied by the weight in one direction, and the copy of it that is made for that.</summary>
    private sealed record Packed(Func<Tensor, Tensor?, Tensor> Times, IDisposable? Copy);
}
