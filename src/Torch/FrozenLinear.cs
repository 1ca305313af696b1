using AlpacaCot.Torch.Interop;
using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch;

/// <summary>
/// y = x Wᵀ + b with a weight that is never trained: no gradient of it, nothing saved for it. On a processor that computes in bf16 the
/// weight is kept in the layout of oneDNN's kernels, one copy per direction, made when that direction is first used.
/// </summary>
public sealed class FrozenLinear : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly bool _packs;
    private Tensor? _forward;
    private Tensor? _backward;

    /// <summary>Holds a weight <c>[out, in]</c> and a bias <c>[out]</c> or none, without copying them.</summary>
    /// <exception cref="TorchException">The shapes do not fit.</exception>
    public FrozenLinear(Tensor weight, Tensor? bias = null)
    {
        if (weight.dim() != 2 || (bias is not null && (bias.dim() != 1 || bias.size(0) != weight.size(0))))
            throw new TorchException($"FrozenLinear: weight {weight} and bias {bias?.ToString() ?? "none"} do not fit [out, in] and [out]");
        _weight = weight.Alias();
        _bias = bias?.Alias();
        _packs = CanPack && weight.dtype == ScalarType.BFloat16 && weight.device.Type == DeviceType.CPU && weight.is_contiguous()
            && (bias is null || (bias.dtype == ScalarType.BFloat16 && bias.is_contiguous()));
    }

    /// <summary>Whether bf16 weights are packed here: oneDNN is there and the processor computes in bf16.</summary>
    public static bool CanPack { get; } = Native.ac_packs() != 0;

    /// <summary>x Wᵀ + b for <c>[..., in]</c>; the gradient flows to x alone.</summary>
    /// <param name="x">Rows in the weight's type.</param>
    /// <param name="output">Type of the result, where it shall be more exact than x's: fp32 logits from bf16.</param>
    public Tensor Forward(Tensor x, ScalarType? output = null)
    {
        var wide = output is { } o && o != x.dtype;
        if (wide && output != ScalarType.Float32) throw new TorchException($"FrozenLinear gives fp32 or the type of x, not {output}");
        if (MatVec.Suits(x, _weight, _bias)) return MatVec.Run(x, _weight, _bias, output);
        if (!_packs || x.dtype != ScalarType.BFloat16 || x.size(-1) != _weight.size(1))
        {
            var plain = Op.linear.Run(x, _weight, _bias);
            return wide ? plain.to(ScalarType.Float32) : plain;
        }
        Tensor y;
        using (torch.no_grad()) y = Product(x, Packed(ref _forward, false), _weight.size(0), _bias, wide);
        torch.autograd.Custom([x], [y], [], (grads, _) =>
            [grads[0] is { } dy ? Product(dy.to(ScalarType.BFloat16), Packed(ref _backward, true), _weight.size(1), null, false) : null]);
        return y;
    }

    private Tensor Packed(ref Tensor? field, bool transposed)
    {
        if (Volatile.Read(ref field) is { } made) return made;
        lock (_lock)
        {
            if (field is null)
                Volatile.Write(ref field, Tensor.WrapDetached(Native.Check(Native.ac_pack(_weight.Handle, transposed ? 1 : 0))));
            return field!;
        }
    }

    private static Tensor Product(Tensor x, Tensor packed, long n, Tensor? bias, bool wide)
    {
        var rows = x.dim() == 2 ? x.contiguous() : x.reshape(-1, x.size(-1)).contiguous();
        var y = Tensor.Wrap(Native.Check(Native.ac_packed_product(rows.Handle, packed.Handle, n, bias?.Handle ?? 0, wide ? 1 : 0)));
        GC.KeepAlive(rows);
        if (x.dim() == 2) return y;
        var shape = x.shape;
        shape[^1] = n;
        return y.view(shape);
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
