using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// y = x Wᵀ + b for a few rows of x: reads every weight once at the speed of memory, which libtorch's linear does not. A row's result does not
/// depend on the rows beside it: each sum is added up in one order.
/// </summary>
internal static unsafe class MatVec
{
    internal const int MostRows = 32;

    private const int RowsPerPart = 16;

    // Weight rows, and rows of x, that are worked on together: sixteen sums fit wide registers, and narrow ones in two goes.
    private const int Tile = 4;

    // Memory takes about as long to answer as 8 KiB take to be worked on; measured on Zen 5, 4 and 16 KiB are slower.
    private const long LeastAhead = 8 << 10;

    /// <summary>One of the products that share x: W <c>[n, k]</c>, a bias <c>[n]</c> or none, y <c>[rows, n]</c>.</summary>
    internal struct Product
    {
        internal byte* W, Bias, Y;
        internal long N;
        internal int FirstPart;
    }

    private struct Context
    {
        internal Product* Products;
        internal float* X;
        internal long M, K;
        internal int Count;
    }

    internal static bool Suits(Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.dim() != 2 || x.dim() == 0 || x.numel() == 0 || x.numel() > MostRows * weight.size(1) || x.size(-1) != weight.size(1)) return false;
        return Simd.Suits(x, weight, bias) && weight.is_contiguous() && (bias is null || bias.is_contiguous()) && !Autograd.Records(x, weight, bias);
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor weight, Tensor? bias)
    {
        var y = nn.functional.linear(x.to(float32), weight.to(float32));
        return (bias is null ? y : y + bias).to(x.dtype);
    }

    internal static Tensor Run(Tensor x, Tensor weight, Tensor? bias)
    {
        using var _ = torch.no_grad();
        var shape = x.shape;
        shape[^1] = weight.size(0);
        var y = empty(shape, x.dtype);
        var rows = x.contiguous();
        var product = new Product { W = (byte*)weight.Pointer(), Bias = bias is null ? null : (byte*)bias.Pointer(), Y = (byte*)y.Pointer(), N = weight.size(0) };
        Run(x.dtype, (byte*)rows.Pointer(), x.numel() / weight.size(1), weight.size(1), new Span<Product>(ref product));
        if (!ReferenceEquals(rows, x)) rows.Dispose();
        return y;
    }

    /// <summary>Products of the same rows x <c>[m, k]</c> in one go over the threads.</summary>
    internal static void Run(ScalarType type, byte* x, long m, long k, Span<Product> products)
    {
        using var _ = KernelProfile.IsOn ? Measured(m, k, products, type.Size()) : default;
        if (type == float32) Run<F32>(x, m, k, products);
        else Run<BF16>(x, m, k, products);
    }

    private static KernelProfile.Measurement Measured(long m, long k, Span<Product> products, int element)
    {
        var outputs = 0L;
        foreach (ref var product in products) outputs += product.N;
        return KernelProfile.Product("product of few rows", m, k, outputs, element, (double)element * k * outputs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T>(byte* x, long m, long k, Span<Product> products) where T : IElement
    {
        var parts = 0;
        foreach (ref var product in products)
        {
            product.FirstPart = parts;
            parts += Threads.Parts(product.N, RowsPerPart);
        }
        fixed (Product* all = products)
        {
            var context = new Context { Products = all, Count = products.Length, X = Arrange<T>(x, m, k), M = m, K = k };
            Threads.For(parts, &Part<T>, &context);
        }
    }

    // x in fp32, in the order in which the weights come out of memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float* Arrange<T>(byte* x, long m, long k) where T : IElement
    {
        if (typeof(T) == typeof(F32)) return (float*)x;
        var arranged = new Scratch(m * k, 1).Take(m * k);
        for (var row = 0L; row < m; row++)
        {
            long from = row * k, i = 0;
            var to = arranged + from;
            for (; i + 32 <= k; i += 32)
            {
                T.First(x, from + i).Store(to + i);
                T.Second(x, from + i).Store(to + i + 16);
            }
            for (; i < k; i++) to[i] = T.Get(x, from + i);
        }
        return arranged;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var index = c.Count - 1;
        while (part < c.Products[index].FirstPart) index--;
        ref var p = ref c.Products[index];
        long n = (long)(part - p.FirstPart) * RowsPerPart, end = Math.Min(p.N, n + RowsPerPart);
        var sums = stackalloc float[Tile * Tile];
        var ahead = Ahead<T>(c.K);
        for (; n + Tile <= end; n += Tile)
        {
            var m = 0L;
            for (; m + Tile <= c.M; m += Tile)
            {
                if (Simd.IsWide) FourRows<T>(p.W, n * c.K, c.K, c.X + m * c.K, ahead, sums);
                else NarrowTiles.FourRows<T>(p.W, n * c.K, c.K, c.X + m * c.K, c.K, ahead, sums);
                Finish<T>(ref c, ref p, m, Tile, n, Tile, sums);
            }
            for (; m < c.M; m++)
            {
                if (Simd.IsWide) OneRow<T>(p.W, n * c.K, c.K, c.X + m * c.K, ahead, sums);
                else if (typeof(T) == typeof(F32)) NarrowTiles.OneRowInOrder((float*)p.W + n * c.K, c.K, c.X + m * c.K, sums);
                else NarrowTiles.OneRow<T>(p.W, n * c.K, c.K, c.X + m * c.K, ahead, sums);
                Finish<T>(ref c, ref p, m, 1, n, Tile, sums);
            }
        }
        for (; n < end; n++)
        {
            for (var m = 0L; m < c.M; m++)
            {
                *sums = Simd.IsWide ? Single<T>(p.W, n * c.K, c.K, c.X + m * c.K) : NarrowTiles.Single<T>(p.W, n * c.K, c.K, c.X + m * c.K);
                Finish<T>(ref c, ref p, m, 1, n, 1, sums);
            }
        }
    }

    // How many bytes ahead the weight is fetched, in whole tiles. Narrow registers take fp32 no faster than memory gives it by itself.
    private static long Ahead<T>(long k) where T : IElement
    {
        if (typeof(T) == typeof(F32) && !Simd.IsWide) return 0;
        var tile = Tile * k * (typeof(T) == typeof(F32) ? 4 : 2);
        return (LeastAhead + tile - 1) / tile * tile;
    }

    // One row of x times one of the weight.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Single<T>(byte* w, long at, long k, float* x) where T : IElement
    {
        Vector512<float> a = default;
        for (var i = 0L; i + 32 <= k; i += 32)
        {
            a = Vector512.FusedMultiplyAdd(T.First(w, at + i), Vector512.Load(x + i), a);
            a = Vector512.FusedMultiplyAdd(T.Second(w, at + i), Vector512.Load(x + i + 16), a);
        }
        return Simd.Sums(a, a, a, a)[0];
    }

    // One row of x times four of the weight.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IElement
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        long w1 = w0 + k, w2 = w1 + k, w3 = w2 + k;
        for (var i = 0L; i + 32 <= k; i += 32)
        {
            if (typeof(T) != typeof(F32)) Fetch<T>(w + ahead, w0 + i, k);
            Vector512<float> u = Vector512.Load(x + i), v = Vector512.Load(x + i + 16);
            a0 = Vector512.FusedMultiplyAdd(T.First(w, w0 + i), u, a0);
            a1 = Vector512.FusedMultiplyAdd(T.First(w, w1 + i), u, a1);
            a2 = Vector512.FusedMultiplyAdd(T.First(w, w2 + i), u, a2);
            a3 = Vector512.FusedMultiplyAdd(T.First(w, w3 + i), u, a3);
            a0 = Vector512.FusedMultiplyAdd(T.Second(w, w0 + i), v, a0);
            a1 = Vector512.FusedMultiplyAdd(T.Second(w, w1 + i), v, a1);
            a2 = Vector512.FusedMultiplyAdd(T.Second(w, w2 + i), v, a2);
            a3 = Vector512.FusedMultiplyAdd(T.Second(w, w3 + i), v, a3);
        }
        Simd.Sums(a0, a1, a2, a3).Store(sums);
    }

    // Prefetches 32 elements of four rows: what the processor fetches by itself ends with each row, and rows are short. Measured (1,376 by 512, one
    // row of x): bf16 47 GB/s instead of 28; fp32, whose rows are twice as long, 36 instead of 42, so that it goes without where it waits for memory alone.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<T>(byte* w, long at, long k) where T : IElement
    {
        if (!Sse.IsSupported) return;
        var (size, row) = typeof(T) == typeof(F32) ? (4, 4 * k) : (2, 2 * k);
        var line = w + at * size;
        Sse.Prefetch0(line);
        Sse.Prefetch0(line + row);
        Sse.Prefetch0(line + 2 * row);
        Sse.Prefetch0(line + 3 * row);
        if (typeof(T) != typeof(F32)) return;   // 32 elements of two bytes are one line
        Sse.Prefetch0(line + 64);
        Sse.Prefetch0(line + row + 64);
        Sse.Prefetch0(line + 2 * row + 64);
        Sse.Prefetch0(line + 3 * row + 64);
    }

    // Four rows of x times four of the weight: what is loaded serves four times.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<T>(byte* w, long w0, long k, float* x, long ahead, float* sums) where T : IElement
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        long w1 = w0 + k, w2 = w1 + k, w3 = w2 + k;
        float* xb = x + k, xc = xb + k, xd = xc + k;
        for (var i = 0L; i + 32 <= k; i += 32)
        {
            Fetch<T>(w + ahead, w0 + i, k);
            Vector512<float> u0 = T.First(w, w0 + i), u1 = T.First(w, w1 + i), u2 = T.First(w, w2 + i), u3 = T.First(w, w3 + i);
            var v = Vector512.Load(x + i);
            a0 = Vector512.FusedMultiplyAdd(u0, v, a0);
            a1 = Vector512.FusedMultiplyAdd(u1, v, a1);
            a2 = Vector512.FusedMultiplyAdd(u2, v, a2);
            a3 = Vector512.FusedMultiplyAdd(u3, v, a3);
            v = Vector512.Load(xb + i);
            b0 = Vector512.FusedMultiplyAdd(u0, v, b0);
            b1 = Vector512.FusedMultiplyAdd(u1, v, b1);
            b2 = Vector512.FusedMultiplyAdd(u2, v, b2);
            b3 = Vector512.FusedMultiplyAdd(u3, v, b3);
            v = Vector512.Load(xc + i);
            c0 = Vector512.FusedMultiplyAdd(u0, v, c0);
            c1 = Vector512.FusedMultiplyAdd(u1, v, c1);
            c2 = Vector512.FusedMultiplyAdd(u2, v, c2);
            c3 = Vector512.FusedMultiplyAdd(u3, v, c3);
            v = Vector512.Load(xd + i);
            d0 = Vector512.FusedMultiplyAdd(u0, v, d0);
            d1 = Vector512.FusedMultiplyAdd(u1, v, d1);
            d2 = Vector512.FusedMultiplyAdd(u2, v, d2);
            d3 = Vector512.FusedMultiplyAdd(u3, v, d3);
            (u0, u1, u2, u3) = (T.Second(w, w0 + i), T.Second(w, w1 + i), T.Second(w, w2 + i), T.Second(w, w3 + i));
            v = Vector512.Load(x + i + 16);
            a0 = Vector512.FusedMultiplyAdd(u0, v, a0);
            a1 = Vector512.FusedMultiplyAdd(u1, v, a1);
            a2 = Vector512.FusedMultiplyAdd(u2, v, a2);
            a3 = Vector512.FusedMultiplyAdd(u3, v, a3);
            v = Vector512.Load(xb + i + 16);
            b0 = Vector512.FusedMultiplyAdd(u0, v, b0);
            b1 = Vector512.FusedMultiplyAdd(u1, v, b1);
            b2 = Vector512.FusedMultiplyAdd(u2, v, b2);
            b3 = Vector512.FusedMultiplyAdd(u3, v, b3);
            v = Vector512.Load(xc + i + 16);
            c0 = Vector512.FusedMultiplyAdd(u0, v, c0);
            c1 = Vector512.FusedMultiplyAdd(u1, v, c1);
            c2 = Vector512.FusedMultiplyAdd(u2, v, c2);
            c3 = Vector512.FusedMultiplyAdd(u3, v, c3);
            v = Vector512.Load(xd + i + 16);
            d0 = Vector512.FusedMultiplyAdd(u0, v, d0);
            d1 = Vector512.FusedMultiplyAdd(u1, v, d1);
            d2 = Vector512.FusedMultiplyAdd(u2, v, d2);
            d3 = Vector512.FusedMultiplyAdd(u3, v, d3);
        }
        Simd.Sums(a0, a1, a2, a3).Store(sums);
        Simd.Sums(b0, b1, b2, b3).Store(sums + Tile);
        Simd.Sums(c0, c1, c2, c3).Store(sums + 2 * Tile);
        Simd.Sums(d0, d1, d2, d3).Store(sums + 3 * Tile);
    }

    // What is left of the rows, the bias, and the store. Not inlined: a call in sight of the loops would push their sums out of the registers.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Finish<T>(ref Context c, ref Product p, long m, int rows, long n, int columns, float* sums) where T : IElement
    {
        for (var row = 0; row < rows; row++, sums += columns)
        {
            if (c.K % 32 != 0) Rest<T>(ref c, ref p, m + row, n, columns, sums);
            var (at, column) = ((m + row) * p.N + n, 0);
            for (; column + 4 <= columns; column += 4)
            {
                var sum = Vector128.Load(sums + column);
                T.StoreFour(p.Y, at + column, p.Bias == null ? sum : sum + T.LoadFour(p.Bias, n + column));
            }
            for (; column < columns; column++) T.Set(p.Y, at + column, p.Bias == null ? sums[column] : sums[column] + T.Get(p.Bias, n + column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rest<T>(ref Context c, ref Product p, long m, long n, int columns, float* sums) where T : IElement
    {
        for (var column = 0; column < columns; column++)
            for (var i = c.K / 32 * 32; i < c.K; i++) sums[column] += T.Get(p.W, (n + column) * c.K + i) * c.X[m * c.K + i];
    }
}
