using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// x Wᵀ + b in fp32 where registers hold sixteen numbers (AVX-512), of any strides. Six rows by 64 outputs are the sums that registers hold (with four, as attention's small product has them, it is 2 to 5 % slower:
/// weights come from the second cache here); the weights of 64 outputs are laid out for all of a part's rows and not kept, or read where they lie. What a row gives depends neither on the rows beside it nor on the number
/// of threads. oneDNN lays weights out too, shares the work out less evenly and prepares a kernel for every number of rows (two threads of a Zen 4, GFLOP/s of its product and of this one, 1,954 rows: 175 and 224 by 512 by 512, 212 and 215 by 1,376 by 512; 48 rows: 74 and 191, 75 and 190).
/// </summary>
internal static unsafe class Fp32Product
{
    private const int Width = 64, Height = 6;

    // A sum over more than this is taken in pieces: a panel of so many numbers by 64 stays in the second cache, six rows of as many in the first.
    private const int Depth = 512;

    // Fewer rows are not worth laying a panel out once more for.
    private const long LeastRows = 240;

    // Outputs that lie beside each other are laid out for more rows than this.
    private const long DirectRows = 512;

    private struct Context
    {
        internal float* X, Weight, Bias, Y;
        internal long XRow, XColumn, WeightRow, WeightColumn, Rows, Inner, Columns, RowsPerPart;
        internal int Panels;
    }

    /// <summary>x Wᵀ + b for x <c>[rows, in]</c>, W <c>[out, in]</c>, b <c>[out]</c> or none.</summary>
    internal static Tensor Times(Tensor x, Tensor weight, Tensor? bias)
    {
        var y = empty([x.size(0), weight.size(0)], float32);
        if (x.size(0) == 0) return y;
        using var lying = weight.stride(0) == 1 || weight.stride(1) == 1 ? weight.alias() : weight.contiguous();
        using var added = bias?.contiguous();
        var context = new Context
        {
            X = (float*)x.Pointer(), Weight = (float*)lying.Pointer(), Bias = added is null ? null : (float*)added.Pointer(), Y = (float*)y.Pointer(), XRow = x.stride(0), XColumn = x.stride(1),
            WeightRow = lying.stride(0), WeightColumn = lying.stride(1), Rows = x.size(0), Inner = x.size(1), Columns = weight.size(0), Panels = checked((int)((weight.size(0) + Width - 1) / Width)),
        };
        var chunks = Math.Clamp((4 * Threads.Count + context.Panels - 1) / context.Panels, 1, Math.Max(1, context.Rows / LeastRows));
        context.RowsPerPart = EvenRows.Next((context.Rows + chunks - 1) / chunks, Height);
        Threads.For(checked((int)((context.Rows + context.RowsPerPart - 1) / context.RowsPerPart * context.Panels)), &Part, &context);
        GC.KeepAlive(x);
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var (chunk, number) = Math.DivRem(part, c.Panels);
        long from = chunk * c.RowsPerPart, end = Math.Min(from + c.RowsPerPart, c.Rows), first = (long)number * Width;
        var width = (int)Math.Min(Width, c.Columns - first);
        var isLaid = c.WeightColumn == 1 || width < Width || end - from > DirectRows;
        var scratch = new Scratch((Depth + Height) * Width, 2);
        float* panel = scratch.Take(Depth * Width), edge = scratch.Take(Height * Width);
        for (var k = 0L; k < c.Inner; k += Depth)
        {
            var count = (int)Math.Min(Depth, c.Inner - k);
            var weight = c.Weight + first * c.WeightRow + k * c.WeightColumn;
            if (isLaid) Lay(weight, c.WeightRow, c.WeightColumn, width, count, panel);
            for (var row = from; row < end; row += Height)
            {
                var rows = (int)Math.Min(Height, end - row);
                Tile(ref c, row, rows, k, count, first, width, isLaid ? panel : weight, isLaid ? Width : c.WeightColumn, edge);
                if (c.Bias != null && k + count == c.Inner) AddBias(c.Bias + first, c.Y + row * c.Columns + first, c.Columns, rows, width);
            }
        }
    }

    // Columns that a panel lacks are nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lay(float* weight, long row, long column, int width, int count, float* panel)
    {
        if (width < Width) new Span<float>(panel, count * Width).Clear();
        if (column == 1) NumberWords.Turn((uint*)weight, row, width, count, (uint*)panel, Width);
        else
            for (var k = 0; k < count; k++) Unsafe.CopyBlockUnaligned(panel + k * Width, weight + k * column, (uint)(width * sizeof(float)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(ref Context c, long row, int rows, long k, int count, long column, int width, float* panel, long panelRow, float* edge)
    {
        float* x = c.X + row * c.XRow + k * c.XColumn, y = c.Y + row * c.Columns + column;
        if (rows == Height && width == Width) Six<FourWide>(count, x, c.XRow, c.XColumn, rows, panel, panelRow, y, c.Columns, k > 0);
        else if (rows == Height && width == Width / 2) Six<TwoWide>(count, x, c.XRow, c.XColumn, rows, panel, panelRow, y, c.Columns, k > 0);
        else
        {
            Six<FourWide>(count, x, c.XRow, c.XColumn, rows, panel, panelRow, edge, Width, false);
            for (var r = 0; r < rows; r++, y += c.Columns, edge += Width)
                for (var i = 0; i < width; i++) y[i] = k > 0 ? y[i] + edge[i] : edge[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddBias(float* bias, float* y, long stride, int rows, int width)
    {
        for (var r = 0; r < rows; r++, y += stride)
            for (var i = 0; i < width; i++) y[i] += bias[i];
    }

    // Rows that are not there are the last one once more.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six<T>(int count, float* x0, long row, long column, int rows, float* panel, long panelRow, float* y, long yRow, bool add) where T : IWidth
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default, c20 = default, c21 = default, c22 = default, c23 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default, c33 = default, c40 = default, c41 = default, c42 = default, c43 = default, c50 = default, c51 = default, c52 = default, c53 = default;
        var last = rows - 1;
        float* x1 = x0 + Math.Min(1, last) * row, x2 = x0 + Math.Min(2, last) * row, x3 = x0 + Math.Min(3, last) * row, x4 = x0 + Math.Min(4, last) * row, x5 = x0 + last * row;
        FetchSums(y, yRow);
        var next = Height * row;
        for (var at = 0L; count > 0; count--, panel += panelRow, at += column)
        {
            // The next six rows are on their way to the cache meanwhile: a line of each, every sixteen numbers.
            if (count % 16 == 0) Fetch(x0 + at + next, x1 + at + next, x2 + at + next, x3 + at + next, x4 + at + next, x5 + at + next);
            Vector512<float> b0 = Vector512.Load(panel), b1 = Vector512.Load(panel + 16), b2 = T.IsFour ? Vector512.Load(panel + 32) : default, b3 = T.IsFour ? Vector512.Load(panel + 48) : default;
            WideSums.Add<T>(x0[at], b0, b1, b2, b3, ref c00, ref c01, ref c02, ref c03);
            WideSums.Add<T>(x1[at], b0, b1, b2, b3, ref c10, ref c11, ref c12, ref c13);
            WideSums.Add<T>(x2[at], b0, b1, b2, b3, ref c20, ref c21, ref c22, ref c23);
            WideSums.Add<T>(x3[at], b0, b1, b2, b3, ref c30, ref c31, ref c32, ref c33);
            WideSums.Add<T>(x4[at], b0, b1, b2, b3, ref c40, ref c41, ref c42, ref c43);
            WideSums.Add<T>(x5[at], b0, b1, b2, b3, ref c50, ref c51, ref c52, ref c53);
        }
        WideSums.Put<T>(y, c00, c01, c02, c03, add);
        WideSums.Put<T>(y + yRow, c10, c11, c12, c13, add);
        WideSums.Put<T>(y + 2 * yRow, c20, c21, c22, c23, add);
        WideSums.Put<T>(y + 3 * yRow, c30, c31, c32, c33, add);
        WideSums.Put<T>(y + 4 * yRow, c40, c41, c42, c43, add);
        WideSums.Put<T>(y + 5 * yRow, c50, c51, c52, c53, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* x0, float* x1, float* x2, float* x3, float* x4, float* x5)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(x0);
        Sse.Prefetch0(x1);
        Sse.Prefetch0(x2);
        Sse.Prefetch0(x3);
        Sse.Prefetch0(x4);
        Sse.Prefetch0(x5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchSums(float* y, long yRow)
    {
        for (var column = 0; column < Width; column += 16) Fetch(y + column, y + column + yRow, y + column + 2 * yRow, y + column + 3 * yRow, y + column + 4 * yRow, y + column + 5 * yRow);
    }
}
