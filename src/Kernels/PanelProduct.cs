using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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
    private const long RowBytes = 256 << 10;
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
    internal static Tensor Times(Tensor x, PanelMatrix matrix, Tensor? bias)
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
        GC.KeepAlive(x);
        GC.KeepAlive(matrix);
        return y;
    }

    private static int DepthOf(long inner) => inner > WholeDepth ? Depth : (int)inner;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var (chunk, group) = Math.DivRem(part, c.Groups);
        long from = chunk * c.RowsPerPart, end = Math.Min(from + c.RowsPerPart, c.Rows), first = (long)group * c.Group, last = Math.Min(first + c.Group, c.Columns);
        var depth = DepthOf(c.Inner);
        // Sums of the first pieces wait for the last; where there is one piece, all blocks' have one place, in the first cache. A first block that is cut makes one more.
        var step = depth == c.Inner ? 0 : BlockRows * Width;
        var kept = step == 0 ? BlockRows * Width : (end - from + 2 * BlockRows) * (last - first + Width);
        var sums = new Scratch(kept, 1).Take(kept);
        for (var k = 0L; k < c.Inner; k += depth)
        {
            var at = sums;
            for (var column = first; column < last; column += Width)
                for (long row = from, rows; row < end; row += rows, at += step)
                {
                    rows = Height(row, end - row);
                    Block(ref c, k, (int)Math.Min(depth, c.Inner - k), row, (int)rows, column, (int)Math.Min(Width, c.Columns - column), at);
                }
        }
        BlockProduct.Done();
    }

    // A last block that is no multiple high takes rows of the one above it along; where there is none above, it is cut.
    private static long Height(long row, long left)
        => left >= BlockRows ? BlockRows : row == 0 && left > BlockProduct.RowMultiple ? left - left % BlockProduct.RowMultiple : left;

    // What a piece of a block's rows gives with the same piece of a panel, rounded after the last piece.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(ref Context c, long k, int depth, long row, int rows, long column, int width, float* sums)
    {
        var above = row == 0 ? 0 : (int)(EvenRows.Next(rows, BlockProduct.RowMultiple) - rows);
        var y = c.Y + row * c.Columns + column;
        var isLast = k + depth == c.Inner;
        if (isLast) Fetch(y, c.Columns, rows, width);
        BlockProduct.Run(above + rows, width, depth, c.X + (row - above) * c.Inner + k, c.Inner, (uint*)(c.Panels + column * c.Inner + k * width), sums, k > 0);
        if (isLast) Store(sums + above * width, rows, width, c.Bias == null ? null : c.Bias + column, y, c.Columns);
    }

    // Where the result goes is on its way to the cache while it is computed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(ushort* y, long stride, int rows, int width)
    {
        if (!Sse.IsSupported) return;
        for (var row = 0; row < rows; row++, y += stride)
        {
            Sse.Prefetch0(y);
            Sse.Prefetch0(y + width / 2);
            Sse.Prefetch0(y + width - 1);
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
