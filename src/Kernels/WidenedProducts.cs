using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>
/// Products of bf16 matrices on processors that libtorch has no bf16 kernels for (those without AVX-512: it then multiplies element by element, some fifty times
/// slower than fp32): both sides are widened to fp32, which is exact, the sums are fp32, and the result is rounded once, as the kernels have it. The weight is
/// widened in parts that the caches hold.
/// </summary>
internal static class WidenedProducts
{
    // Two megabytes of fp32: with what is multiplied by them they stay in the second or third cache.
    private const long PartElements = 1 << 19;

    /// <summary>libtorch multiplies bf16 matrices by oneDNN's kernels, which want AVX-512.</summary>
    internal static bool AreNeeded { get; } = !(Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported);

    /// <summary>Whether the product of these is one.</summary>
    internal static bool Suit(Tensor a, Tensor b)
        => AreNeeded && a.dtype == bfloat16 && b.dtype == bfloat16 && a.device_type == DeviceType.CPU && b.device_type == DeviceType.CPU;

    /// <summary>x Wᵀ + b for x <c>[rows, in]</c> and W <c>[out, in]</c> of any strides: bf16, without a gradient.</summary>
    internal static Tensor Times(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var rows = x.to(float32);
        var added = bias?.to(float32);
        var parts = Math.Max(1, weight.numel() / PartElements);
        // Whichever of the two lies together is cut across: the parts are read in one go.
        return (weight.stride(1) == 1 ? ByOutputs(rows, weight, added, parts) : ByInputs(rows, weight, added, parts)).MoveToOuterDisposeScope();
    }

    private static Tensor ByOutputs(Tensor x, Tensor weight, Tensor? bias, long parts)
    {
        if (parts == 1) return nn.functional.linear(x, weight.to(float32), bias).to(bfloat16);
        var y = empty([x.size(0), weight.size(0)], bfloat16);
        foreach (var (start, count) in Parts(weight.size(0), parts))
        {
            using var scope = NewDisposeScope();
            y.narrow(1, start, count).copy_(nn.functional.linear(x, weight.narrow(0, start, count).to(float32), bias?.narrow(0, start, count)));
        }
        return y;
    }

    private static Tensor ByInputs(Tensor x, Tensor weight, Tensor? bias, long parts)
    {
        using var transposed = weight.t();
        Tensor? sum = null;
        foreach (var (start, count) in Parts(weight.size(1), parts))
        {
            using var scope = NewDisposeScope();
            Tensor left = x.narrow(1, start, count), right = transposed.narrow(0, start, count).to(float32);
            if (sum is not null) sum.addmm_(left, right, 1, 1);
            else sum = (bias is null ? left.mm(right) : bias.addmm(left, right)).MoveToOuterDisposeScope();
        }
        return sum!.to(bfloat16);
    }

    private static IEnumerable<(long Start, long Count)> Parts(long all, long parts)
    {
        var each = (all + parts - 1) / parts;
        for (var start = 0L; start < all; start += each) yield return (start, Math.Min(each, all - start));
    }
}
