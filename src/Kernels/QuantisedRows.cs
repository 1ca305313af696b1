using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// y = x Wᵀ + b for a few rows of x and weights in fewer bits: each code is read once and becomes a number in a register, so that the product runs at the
/// speed at which the codes come from memory. A row's result does not depend on the rows beside it.
/// </summary>
internal static unsafe class QuantisedRows
{
    private const int RowsPerPart = 16;

    // Where registers are wide, codes of four bits are worked on so many at a time.
    private const int Granule = 64;

    // As for plain weights: memory takes about as long to answer as so many bytes take to be worked on.
    private const int Ahead = 4096;

    // Numbers of a row that are written out at a time.
    private const int Stretch = 1024;

    /// <summary>One of the products that share x.</summary>
    internal struct Product
    {
        internal byte* Codes, ScaleCodes, Bias, Y;
        internal float* Scales, Map, Table;
        internal long N;
        internal int BlockShift, NestedShift, FirstPart;
        internal float Offset;

        // Blocks are powers of two: a division for every 64 weights would take longer than their products.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly float Scale(long weight)
        {
            var block = weight >> BlockShift;
            return ScaleCodes == null ? Scales[block] : Map[ScaleCodes[block]] * Scales[block >> NestedShift] + Offset;
        }
    }

    private struct Context
    {
        internal Product* Products;
        internal float* X;
        internal long M, K;
        internal int Count;
    }

    /// <summary>The products of the same rows x, all with codes of four bits or all with codes of a byte.</summary>
    internal static void Run(Rows x, Span<Product> products, bool fourBits)
    {
        using var _ = KernelProfile.IsOn ? Measured(x, products, fourBits) : default;
        if (x.Type == float32) Run<F32>(x, products, fourBits);
        else Run<BF16>(x, products, fourBits);
    }

    private static KernelProfile.Measurement Measured(Rows x, Span<Product> products, bool fourBits)
    {
        var outputs = 0L;
        foreach (ref var product in products) outputs += product.N;
        return KernelProfile.Product("product of few rows, quantised", x.Count, x.Width, outputs, x.Type.Size(), (fourBits ? 0.5 : 1) * x.Width * outputs);
    }

    private static void Run<T>(Rows x, Span<Product> products, bool fourBits) where T : IElement
    {
        long m = x.Count, k = x.Width;
        var (parts, wide) = (0, Simd.IsWide && (!fourBits || k % Granule == 0));
        foreach (ref var product in products)
        {
            product.FirstPart = parts;
            parts += Threads.Parts(product.N, RowsPerPart);
            wide &= !fourBits || 1 << product.BlockShift >= Granule;   // a granule has one scale
        }
        var arranged = new Scratch(m * k, 1).Take(m * k);
        if (fourBits && wide) Split<T>(x.Pointer, arranged, m * k);
        else for (var i = 0L; i < m * k; i += Simd.Lanes) T.Load(x.Pointer, i).Store(arranged + i);
        if (fourBits && !wide) FourBitNumbers.Arrange(arranged, m * k);
        fixed (Product* all = products)
        {
            var context = new Context { Products = all, Count = products.Length, X = arranged, M = m, K = k };
            Threads.For(parts, !fourBits ? &BytePart<T> : wide ? &FourBitPart<T> : &NarrowFourBitPart<T>, &context);
        }
    }

    // Of each 64 elements those of even number, then those of odd number: a byte's high code is multiplied by the one, its low code by the other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split<T>(byte* x, float* split, long count) where T : IElement
    {
        for (var block = 0L; block < count; block += Granule)
            for (var i = 0; i < Granule / 2; i++)
            {
                split[block + i] = T.Get(x, block + 2 * i);
                split[block + Granule / 2 + i] = T.Get(x, block + 2 * i + 1);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ref Product Of(ref Context c, int part)
    {
        var index = c.Count - 1;
        while (part < c.Products[index].FirstPart) index--;
        return ref c.Products[index];
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourBitPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        ref var p = ref Of(ref c, part);
        var table = Vector512.Load(p.Table);
        var sums = stackalloc Vector512<float>[2 * QuantisedMatrix.MostRows];
        for (long row = (long)(part - p.FirstPart) * RowsPerPart, end = Math.Min(p.N, row + RowsPerPart); row < end; row++)
        {
            byte* codes = p.Codes + row * c.K / 2;
            if (c.M == 1)
            {
                // The common case by itself, its sums in registers.
                Vector512<float> a = default, b = default;
                for (long k = 0; k < c.K; k += Granule, codes += Granule / 2)
                {
                    if (Sse.IsSupported) Sse.Prefetch0(codes + Ahead);
                    var x = c.X + k;
                    var (first, second) = (Widen(codes), Widen(codes + 16));
                    var u = Vector512.FusedMultiplyAdd(Code(table, first & Vector512.Create(15)), Vector512.Load(x + 32), Code(table, first >> 4) * Vector512.Load(x));
                    var v = Vector512.FusedMultiplyAdd(Code(table, second & Vector512.Create(15)), Vector512.Load(x + 48), Code(table, second >> 4) * Vector512.Load(x + 16));
                    var scale = Vector512.Create(p.Scale(row * c.K + k));
                    a = Vector512.FusedMultiplyAdd(u, scale, a);
                    b = Vector512.FusedMultiplyAdd(v, scale, b);
                }
                Store<T>(ref p, row, 0, Vector512.Sum(a + b));
                continue;
            }
            new Span<Vector512<float>>(sums, (int)c.M * 2).Clear();
            for (long k = 0; k < c.K; k += Granule, codes += Granule / 2)
            {
                var scale = Vector512.Create(p.Scale(row * c.K + k));
                var (first, second) = (Widen(codes), Widen(codes + 16));
                Vector512<float> high0 = Code(table, first >> 4), high1 = Code(table, second >> 4);
                Vector512<float> low0 = Code(table, first & Vector512.Create(15)), low1 = Code(table, second & Vector512.Create(15));
                for (var m = 0L; m < c.M; m++)
                {
                    var x = c.X + m * c.K + k;
                    var u = Vector512.FusedMultiplyAdd(low0, Vector512.Load(x + 32), high0 * Vector512.Load(x));
                    var v = Vector512.FusedMultiplyAdd(low1, Vector512.Load(x + 48), high1 * Vector512.Load(x + 16));
                    sums[2 * m] = Vector512.FusedMultiplyAdd(u, scale, sums[2 * m]);
                    sums[2 * m + 1] = Vector512.FusedMultiplyAdd(v, scale, sums[2 * m + 1]);
                }
            }
            for (var m = 0L; m < c.M; m++) Store<T>(ref p, row, m, Vector512.Sum(sums[2 * m] + sums[2 * m + 1]));
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BytePart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        ref var p = ref Of(ref c, part);
        var sums = stackalloc float[RowTiles.Tile * QuantisedMatrix.MostRows];
        var ahead = RowTiles.Ahead(Ahead, RowTiles.Tile * c.K);
        long row = (long)(part - p.FirstPart) * RowsPerPart, end = Math.Min(p.N, row + RowsPerPart);
        for (; row + RowTiles.Tile <= end; row += RowTiles.Tile)
        {
            RowTiles.Times<I8>(p.Codes, row * c.K, c.K, c.X, c.M, c.K, ahead, sums);
            var scales = Vector128.Load(p.Scales + row);
            for (var m = 0L; m < c.M; m++)
            {
                var four = Vector128.Load(sums + RowTiles.Tile * m) * scales;
                T.StoreFour(p.Y, m * p.N + row, p.Bias == null ? four : four + T.LoadFour(p.Bias, row));
            }
        }
        for (; row < end; row++)
            for (var m = 0L; m < c.M; m++) Store<T>(ref p, row, m, RowTiles.Single<I8>(p.Codes, row * c.K, c.K, c.X + m * c.K) * p.Scales[row]);
    }

    // A stretch of some rows is written out as numbers, which the first cache holds, and every row of x is multiplied by it. The room for them is not cleared first.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NarrowFourBitPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        ref var p = ref Of(ref c, part);
        var numbers = new FourBitNumbers(p.Table);
        float* weights = stackalloc float[RowTiles.Tile * Stretch], sums = stackalloc float[RowTiles.Tile * QuantisedMatrix.MostRows], totals = stackalloc float[RowTiles.Tile * QuantisedMatrix.MostRows];
        for (long row = (long)(part - p.FirstPart) * RowsPerPart, end = Math.Min(p.N, row + RowsPerPart); row < end; row += RowTiles.Tile)
        {
            var rows = (int)Math.Min(RowTiles.Tile, end - row);
            new Span<float>(totals, RowTiles.Tile * (int)c.M).Clear();
            for (long k = 0, length; k < c.K; k += length)
            {
                length = Math.Min(Stretch, c.K - k);
                for (var i = 0; i < rows; i++)
                {
                    var at = (row + i) * c.K + k;
                    for (var j = 0L; j < length; j += FourBitNumbers.Granule)
                    {
                        var codes = p.Codes + (at + j) / 2;
                        if (Sse.IsSupported) Sse.Prefetch0(codes + Ahead);
                        numbers.Write(codes, p.Scale(at + j), weights + i * length + j, arranged: true);
                    }
                }
                RowTiles.Times<F32>((byte*)weights, 0, length, c.X + k, c.M, c.K, 0, sums);
                for (var i = 0; i < RowTiles.Tile * c.M; i++) totals[i] += sums[i];
            }
            for (var i = 0; i < RowTiles.Tile * c.M; i++)
                if (i % RowTiles.Tile < rows) Store<T>(ref p, row + i % RowTiles.Tile, i / RowTiles.Tile, totals[i]);
        }
    }

    private static void Store<T>(ref Product p, long row, long m, float sum) where T : IElement
        => T.Set(p.Y, m * p.N + row, p.Bias == null ? sum : sum + T.Get(p.Bias, row));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Code(Vector512<float> table, Vector512<int> index) => Vector512.ShuffleNative(table, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(byte* codes)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(Vector128.Load(codes));
        var (low, high) = Vector128.Widen(Vector128.Load(codes));
        var (a, b) = Vector128.Widen(low);
        var (c, d) = Vector128.Widen(high);
        return Vector512.Create(Vector256.Create(a, b), Vector256.Create(c, d)).AsInt32();
    }
}
