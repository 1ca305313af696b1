using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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

    // Memory takes about as long to answer as 8 KiB take to be worked on; measured on Zen 5, each row fetched by itself, 4 and 16 KiB are slower.
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

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var index = c.Count - 1;
        while (part < c.Products[index].FirstPart) index--;
        ref var p = ref c.Products[index];
        long n = (long)(part - p.FirstPart) * RowsPerPart, end = Math.Min(p.N, n + RowsPerPart);
        var sums = stackalloc float[RowTiles.Tile * MostRows];
        var ahead = RowTiles.Ahead(LeastAhead, RowTiles.Tile * c.K * T.Bytes);
        for (; n + RowTiles.Tile <= end; n += RowTiles.Tile)
        {
            RowTiles.Times<T>(p.W, n * c.K, c.K, c.X, c.M, c.K, ahead, sums);
            Finish<T>(ref c, ref p, 0, c.M, n, RowTiles.Tile, sums);
        }
        for (; n < end; n++)
        {
            for (var m = 0L; m < c.M; m++)
            {
                *sums = RowTiles.Single<T>(p.W, n * c.K, c.K, c.X + m * c.K);
                Finish<T>(ref c, ref p, m, 1, n, 1, sums);
            }
        }
    }

    // What is left of the rows, the bias, and the store.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish<T>(ref Context c, ref Product p, long m, long rows, long n, int columns, float* sums) where T : IElement
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
