using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Rows in bf16 times a <see cref="PanelMatrix"/>: a panel's columns for some hundred rows at a time, sums in fp32, rounded once while they are in the cache. A row's result depends neither on the rows beside it nor on
/// the number of threads.
/// </summary>
internal static unsafe class PanelProduct
{
    private const int BlockRows = BlockProduct.Rows, Width = BlockProduct.Columns;

    // Rows that are multiplied by one panel after the other stay in the second cache.
    private const long RowBytes = 512 << 10;
    private const int LeastRows = 2 * BlockRows;

    // A sum over more than this is taken in pieces, of two panels side by side, so that a piece of the rows is in the cache for the next panel.
    private const int WholeDepth = 2048, Depth = 1024, PanelsAtOnce = 2;

    private struct Context
    {
        internal ushort* X, Panels, Bias, Y;
        internal long Rows, Inner, Columns, RowsPerPart;
        internal int Group, Groups;
    }

    /// <summary>x B + b in bf16: x <c>[rows, inner]</c> contiguous, B <c>[inner, columns]</c>, b <c>[columns]</c> or none.</summary>
    internal static Tensor Times(Tensor x, PanelMatrix matrix, Tensor? bias) => EvenRows.Product(x, rows => Product(rows, matrix, bias), BlockProduct.RowMultiple);

    private static Tensor Product(Tensor x, PanelMatrix matrix, Tensor? bias)
    {
        var y = empty([x.size(0), matrix.Columns], bfloat16);
        if (x.size(0) == 0) return y;
        var context = new Context
        {
            X = (ushort*)x.Pointer(), Panels = matrix.Panels, Bias = bias is null ? null : (ushort*)bias.Pointer(), Y = (ushort*)y.Pointer(), Rows = x.size(0), Inner = matrix.Inner, Columns = matrix.Columns,
            Group = Width * (matrix.Inner > WholeDepth ? PanelsAtOnce : 1),
        };
        context.Groups = checked((int)((context.Columns + context.Group - 1) / context.Group));
        var chunks = Math.Max(2 * Threads.Count / context.Groups, (context.Rows * DepthOf(context.Inner) * sizeof(ushort) + RowBytes - 1) / RowBytes);
        chunks = Math.Clamp(chunks, 1, (context.Rows + LeastRows - 1) / LeastRows);
        context.RowsPerPart = BlockProduct.RowsPerPart(context.Rows, chunks);
        Threads.For(checked((int)((context.Rows + context.RowsPerPart - 1) / context.RowsPerPart * context.Groups)), &Part, &context);
        GC.KeepAlive(matrix);
        return y;
    }

    private static int DepthOf(long inner) => inner > WholeDepth ? Depth : (int)inner;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var (chunk, group) = Math.DivRem(part, c.Groups);
        long from = chunk * c.RowsPerPart, first = (long)group * c.Group;
        int rows = (int)Math.Min(c.RowsPerPart, c.Rows - from), columns = (int)Math.Min(c.Group, c.Columns - first);
        var scratch = new Scratch((long)rows * columns, 1);
        var sums = scratch.Take((long)rows * columns);
        var depth = DepthOf(c.Inner);
        for (var k = 0L; k < c.Inner; k += depth) Add(ref c, k, (int)Math.Min(depth, c.Inner - k), from, rows, first, columns, sums);
        BlockProduct.Done();
        for (int at = 0, width; at < columns; at += width)
        {
            width = Math.Min(Width, columns - at);
            Store(sums + (long)at * rows, rows, width, c.Bias == null ? null : c.Bias + first + at, c.Y + from * c.Columns + first + at, c.Columns);
        }
    }

    // What a piece of the rows gives with the same piece of each panel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(ref Context c, long k, int depth, long from, int rows, long first, int columns, float* sums)
    {
        for (int at = 0, width; at < columns; at += width, sums += (long)rows * width)
        {
            width = Math.Min(Width, columns - at);
            ushort* x = c.X + from * c.Inner + k, panel = c.Panels + (first + at) * c.Inner + k * width;
            for (var row = 0; row < rows; row += BlockRows)
                BlockProduct.Run(Math.Min(BlockRows, rows - row), width, depth, x + row * c.Inner, c.Inner, (uint*)panel, sums + row * width, k > 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Store(float* sums, int rows, int width, ushort* bias, ushort* y, long stride)
    {
        var whole = width / 32 * 32;
        for (var row = 0; row < rows; row++, sums += width, y += stride)
        {
            for (var i = 0; i < whole; i += 32)
            {
                Vector512<float> low = Vector512.Load(sums + i), high = Vector512.Load(sums + i + 16);
                if (bias != null) (low, high) = (low + BF16.Load(bias, i), high + BF16.Load(bias, i + 16));
                NumberWords.Upper(NumberWords.Rounded(low), NumberWords.Rounded(high)).Store(y + i);
            }
            for (var i = whole; i < width; i++) BF16.Set(y, i, bias == null ? sums[i] : sums[i] + BF16.Get(bias, i));
        }
    }
}
