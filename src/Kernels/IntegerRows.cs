using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>y = x Wᵀ over signed bytes, summed exactly in integers.</summary>
public static unsafe class IntegerRows
{
    private const int RowsPerPart = 64;

    private struct Context
    {
        internal sbyte* X, W;
        internal float* Y;
        internal long M, N, K;
    }

    /// <summary>The product.</summary>
    /// <param name="x">int8 <c>[rows, in]</c>.</param>
    /// <param name="weight">int8 <c>[out, in]</c>, contiguous.</param>
    /// <returns>fp32 <c>[rows, out]</c>.</returns>
    public static Tensor Product(Tensor x, Tensor weight)
    {
        if (x.dtype != int8 || weight.dtype != int8 || x.dim() != 2 || weight.dim() != 2 || x.size(1) != weight.size(1) || !weight.is_contiguous())
            throw new ArgumentException($"integer_product: x {x.Describe()} and the weight {weight.Describe()} do not fit");
        using var _ = no_grad();
        if (weight.device_type != DeviceType.CPU) return Reference(x, weight);
        using var rows = x.contiguous();
        var y = empty([x.size(0), weight.size(0)]);
        var context = new Context { X = (sbyte*)rows.Pointer(), W = (sbyte*)weight.Pointer(), Y = (float*)y.Pointer(), M = x.size(0), N = weight.size(0), K = x.size(1) };
        Threads.For(Threads.Parts(context.N, RowsPerPart), &Part, &context);
        return y;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor weight)
    {
        using var scope = NewDisposeScope();
        return x.to(float64).mm(weight.to(float64).t()).to(float32).MoveToOuterDisposeScope();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        for (long row = (long)part * RowsPerPart, end = Math.Min(c.N, row + RowsPerPart); row < end; row++)
            for (var m = 0L; m < c.M; m++) c.Y[m * c.N + row] = Dot(c.X + m * c.K, c.W + row * c.K, c.K);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Dot(sbyte* x, sbyte* w, long count)
    {
        var sums = Vector256<int>.Zero;
        var i = 0L;
        for (; i + Vector128<sbyte>.Count <= count; i += Vector128<sbyte>.Count) sums += Pairs(Widen(x + i), Widen(w + i));
        var sum = Vector256.Sum(sums);
        for (; i < count; i++) sum += x[i] * w[i];
        return sum;
    }

    // Products of neighbours, added: two of them fit an integer by far.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Pairs(Vector256<short> a, Vector256<short> b)
    {
        if (Avx2.IsSupported) return Avx2.MultiplyAddAdjacent(a, b);
        var ((a0, a1), (b0, b1)) = (Vector256.Widen(a), Vector256.Widen(b));
        return a0 * b0 + a1 * b1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Widen(sbyte* p)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(p));
        return Vector256.Create(low, high);
    }
}
