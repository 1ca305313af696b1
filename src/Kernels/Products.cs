namespace AlpacaCot.Kernels;

/// <summary>
/// x Wᵀ where libtorch's own way is slow. In fp32 on AVX-512 by <see cref="Fp32Product"/>: libtorch takes MKL's kernels, which keep to AVX2 on processors of other makers (Zen 5, one thread, 3,000 rows of 128 by 344:
/// 109 GFLOP/s of MKL's, 231 of oneDNN's). In bf16, where the processor has no products of it, through fp32 (<see cref="WidenedProducts"/>). Any strides will do, so that the three products of a step need no copy.
/// </summary>
internal static class Products
{
    // Fewer are not worth laying the weight out for.
    private const int LeastRows = 4;

    /// <summary>Whether a product of these is an <see cref="Fp32Product"/>: matrices of fp32 on the processor, with some rows.</summary>
    internal static bool Suits(Tensor x, Tensor weight)
        => Simd.IsWide && x.dtype == float32 && weight.dtype == float32 && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU
            && Fit(x, weight) && x.numel() >= LeastRows * x.size(-1);

    private static bool IsWidened(Tensor x, Tensor weight) => WidenedProducts.Suit(x, weight) && Fit(x, weight) && x.numel() > 0;

    private static bool Fit(Tensor x, Tensor weight) => weight.dim() == 2 && x.dim() >= 2 && x.size(-1) == weight.size(1) && weight.numel() > 0;

    private static bool IsOurs(Tensor x, Tensor weight, Tensor? bias) => (Suits(x, weight) || IsWidened(x, weight)) && (bias is null || bias.dtype == x.dtype);

    /// <summary>x Wᵀ + b for x <c>[..., in]</c>, W <c>[out, in]</c>, b <c>[out]</c> or none: fresh, without a gradient.</summary>
    internal static Tensor Times(Tensor x, Tensor weight, Tensor? bias = null, bool back = false)
    {
        if (!IsOurs(x, weight, bias)) return Plain(x, weight, bias, back);
        if (x.dim() == 2)
        {
            using var _ = Measured(x, weight, back);
            return x.dtype == bfloat16 ? WidenedProducts.Times(x, weight, bias) : Fp32Product.Times(x, weight, bias);
        }
        var shape = x.shape;
        shape[^1] = weight.size(0);
        using var rows = x.reshape(-1, x.size(-1));
        using var flat = Times(rows, weight, bias, back);
        return flat.view(shape);
    }

    /// <summary>A product in the profile: of a [m, k] by [k, n] matrix, or of a batch of them.</summary>
    internal static KernelProfile.Measurement Measured(Tensor x, Tensor weight, bool back = false)
    {
        if (!KernelProfile.IsOn || x.numel() == 0 || weight.numel() == 0) return default;
        var inputs = x.size(-1);
        var (rows, outputs) = (x.numel() / inputs, weight.numel() / inputs / (weight.dim() == 3 ? weight.size(0) : 1));
        return KernelProfile.Product(back ? "product, backward" : "product", rows, inputs, outputs, x.ElementSize, (double)weight.numel() * weight.ElementSize);
    }

    // Its gradient is libtorch's own.
    private static Tensor Plain(Tensor x, Tensor weight, Tensor? bias, bool back = false)
    {
        using var _ = Measured(x, weight, back);
        return nn.functional.linear(x, weight, bias);
    }

    /// <summary>As <see cref="Times"/>, with a gradient for x, W and b.</summary>
    internal static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!IsOurs(x, weight, bias)) return Plain(x, weight, bias);
        Tensor y;
        using (no_grad()) y = Times(x, weight, bias);
        if (!Autograd.Records(x, weight, bias)) return y;
        // What is needed for a gradient that nobody asks for is not kept.
        var (forX, forWeight, forBias) = (x.requires_grad, weight.requires_grad, bias is { requires_grad: true });
        Tensor[] inputs = bias is null ? [x, weight] : [x, weight, bias];
        Autograd.Function(inputs, [y], [forWeight ? x : null, forX ? weight : null], (gradients, saved) =>
        {
            if (gradients[0] is not { } dy) return new Tensor?[inputs.Length];
            var result = new Tensor?[inputs.Length];
            if (saved[1] is { } w) result[0] = Times(dy, w.t(), back: true);
            var rows = dy.reshape(-1, dy.size(-1));
            if (saved[0] is { } input) result[1] = Times(rows.t(), input.reshape(-1, input.size(-1)).t(), back: true);
            if (forBias) result[2] = rows.sum([0]);
            return result;
        });
        return y;
    }
}
