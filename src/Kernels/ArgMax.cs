using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>The index of the largest element of each row: greedy decoding's choice, sixteen at a time where libtorch goes one by one.</summary>
internal static unsafe class ArgMax
{
    private struct Context
    {
        internal byte* X;
        internal int* Indices;
        internal float* Values;
        internal long N;
    }

    /// <summary>The plain definition.</summary>
    internal static void Reference(Tensor x, Span<int> indices, Span<float> values)
    {
        using var scope = torch.NewDisposeScope();
        var best = x.argmax(-1);
        best.ToArray<int>().CopyTo(indices);
        x.gather(1, best.unsqueeze(1)).ToArray<float>().CopyTo(values);
    }

    internal static void Apply(Tensor x, Span<int> indices, Span<float> values)
    {
        if (x.dim() != 2 || x.size(0) != indices.Length || values.Length != indices.Length || x.size(1) == 0)
            throw new ArgumentException($"argmax: {indices.Length} indices and {values.Length} values for {x.Describe()}");
        if (!Simd.Suits(x) || !x.is_contiguous() || x.size(1) > int.MaxValue)
        {
            Reference(x, indices, values);
            return;
        }
        fixed (int* i = indices)
        fixed (float* v = values)
        {
            var context = new Context { X = (byte*)x.Pointer(), Indices = i, Values = v, N = x.size(1) };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("argmax", 0, (double)x.numel() * x.ElementSize) : default;
            Threads.For(indices.Length, x.dtype == float32 ? &Row<F32> : &Row<BF16>, &context);
        }
        GC.KeepAlive(x);
    }

    // Per lane the largest so far and where it stood; a later one must be larger, so that of equals the first stays.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(void* context, int row) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var at = row * c.N;
        Vector512<float> best = Vector512.Create(float.NegativeInfinity), numbers = default;
        Vector512<int> where = Vector512<int>.Zero, index = Vector512.CreateSequence(0, 1);
        var i = 0L;
        for (; i + Simd.Lanes <= c.N; i += Simd.Lanes)
        {
            var v = T.Load(c.X, at + i);
            var larger = Vector512.GreaterThan(v, best);
            best = Vector512.ConditionalSelect(larger, v, best);
            where = Vector512.ConditionalSelect(larger.AsInt32(), index, where);
            index += Vector512.Create(Simd.Lanes);
            numbers += v * 0;   // not a number where v is none, or is infinite
        }
        var (largest, first, doubtful) = (float.NegativeInfinity, 0, !Vector512.EqualsAll(numbers, numbers));
        for (var lane = 0; lane < Simd.Lanes; lane++)
            if (best[lane] > largest || (best[lane] == largest && where[lane] < first)) (largest, first) = (best[lane], where[lane]);
        for (; i < c.N; i++)
        {
            var v = T.Get(c.X, at + i);
            doubtful |= float.IsNaN(v);
            if (v > largest) (largest, first) = (v, (int)i);
        }
        c.Indices[row] = doubtful && FirstNaN<T>(c.X, at, c.N) is { } nan ? nan : first;
        c.Values[row] = T.Get(c.X, at + c.Indices[row]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int? FirstNaN<T>(byte* x, long at, long n) where T : IElement
    {
        for (var i = 0L; i < n; i++)
            if (float.IsNaN(T.Get(x, at + i))) return (int)i;
        return null;
    }
}
