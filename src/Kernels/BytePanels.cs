using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Rows of bytes times a matrix of bytes by <see cref="BlockProduct"/>, 64 columns at a time, which are laid out for it when they are wanted, unless they were before. Sums are scaled while they are in the cache.
/// The processor multiplies unsigned bytes by signed ones; the rows' have 128 added, and the sums less for it.
/// </summary>
internal static unsafe class BytePanels
{
    /// <summary>Changes a signed byte into an unsigned one that is larger by 128.</summary>
    internal const byte Zero = 0x80;

    private const int Width = BlockProduct.Columns, BlockRows = BlockProduct.Rows;

    // Sums of so many rows stay in the cache until they are scaled; those over more than Depth are taken in pieces.
    private const int RowsAtOnce = 10 * BlockRows, Depth = 4096;

    // With more the sums might not fit 32 bits.
    private const long MostInner = 1 << 16;

    /// <summary>Bytes <c>[even rows, inner]</c> with 128 added, and a scale for every row.</summary>
    internal struct Left
    {
        internal byte* Bytes;
        internal float* Scales;
        internal long Rows, Inner;
    }

    /// <summary>Codes <c>[columns, inner]</c>, or <c>[inner, columns]</c> on the way back; a scale for each column or none, and the sum of its codes.</summary>
    internal struct Right
    {
        internal sbyte* Codes;
        internal float* Scales;
        internal long Columns;
        internal bool Back;
        internal int[] Sums;
        internal uint* Panels;   // of LaidOut, or none
    }

    private struct Context
    {
        internal byte* X, Bias, Y;
        internal sbyte* Codes;
        internal uint* Kept;
        internal float* Scales, ColumnScales;
        internal int* Sums;
        internal long Rows, Inner, Columns, RowsPerPart;
        internal int Panels;
        internal bool Back;
    }

    /// <summary>Whether sums of so many terms are computed here.</summary>
    internal static bool Suits(long inner) => BlockProduct.IsFastInBytes && inner % 4 == 0 && inner <= MostInner;

    /// <summary>The product, scaled, with a bias where there is one: <c>[rows, columns]</c>.</summary>
    internal static void Product<T>(in Left left, in Right right, byte* bias, byte* y) where T : IElement
    {
        fixed (int* sums = right.Sums)
        {
            var panels = checked((int)((right.Columns + Width - 1) / Width));
            var chunks = Math.Clamp(2 * Threads.Count / panels, 1, (left.Rows + BlockRows - 1) / BlockRows);
            var context = new Context
            {
                X = left.Bytes, Scales = left.Scales, Rows = left.Rows, Inner = left.Inner, Codes = right.Codes, Kept = right.Panels, ColumnScales = right.Scales, Columns = right.Columns, Back = right.Back,
                Sums = sums, Bias = bias, Y = y, Panels = panels, RowsPerPart = BlockProduct.RowsPerPart(left.Rows, chunks),
            };
            Threads.For(checked((int)((left.Rows + context.RowsPerPart - 1) / context.RowsPerPart * panels)), &Part<T>, &context);
        }
    }

    /// <summary>The panels of codes <c>[columns, inner]</c>, one after the other.</summary>
    internal static Tensor LaidOut(Tensor codes)
    {
        var panels = empty([codes.numel()], int8);
        var context = new Context { Codes = (sbyte*)codes.Pointer(), Kept = (uint*)panels.Pointer(), Columns = codes.size(0), Inner = codes.size(1) };
        Threads.For(checked((int)((context.Columns + Width - 1) / Width)), &Panel, &context);
        GC.KeepAlive(codes);
        return panels;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel(void* context, int index)
    {
        ref var c = ref *(Context*)context;
        var first = (long)index * Width;
        LayOut(ref c, first, (int)Math.Min(Width, c.Columns - first), c.Kept + c.Inner / 4 * first);
    }

    private static void LayOut(ref Context c, long first, int width, uint* panel)
    {
        if (c.Back) NumberWords.Fours(c.Codes + first, c.Columns, c.Inner / 4, width, panel);
        else NumberWords.Turn((uint*)(c.Codes + first * c.Inner), c.Inner / 4, width, (int)(c.Inner / 4), panel, width);
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var (chunk, index) = Math.DivRem(part, c.Panels);
        var first = (long)index * Width;
        var width = (int)Math.Min(Width, c.Columns - first);
        var scratch = new Scratch((c.Kept == null ? c.Inner / 4 * width : 0) + RowsAtOnce * width, 2);
        uint* panel = c.Kept == null ? (uint*)scratch.Take(c.Inner / 4 * width) : c.Kept + c.Inner / 4 * first;
        int* sums = (int*)scratch.Take(RowsAtOnce * width), less = stackalloc int[Width];
        if (c.Kept == null) LayOut(ref c, first, width, panel);
        for (var i = 0; i < width; i++) less[i] = 128 * c.Sums[first + i];

        float* scales = c.ColumnScales == null ? null : c.ColumnScales + first;
        var bias = c.Bias == null ? null : c.Bias + first * T.Bytes;
        var end = Math.Min(c.Rows, (chunk + 1) * c.RowsPerPart);
        for (var from = chunk * c.RowsPerPart; from < end; from += RowsAtOnce)
        {
            var rows = (int)Math.Min(RowsAtOnce, end - from);
            var even = (int)EvenRows.Next(rows, BlockProduct.RowMultiple);
            for (var k = 0L; k < c.Inner; k += Depth)
            {
                var depth = (int)Math.Min(Depth, c.Inner - k);
                for (var row = 0; row < even; row += BlockRows)
                    BlockProduct.Run(Math.Min(BlockRows, even - row), width, depth, c.X + (from + row) * c.Inner + k, c.Inner, panel + k / 4 * width, sums + row * width, k > 0);
            }
            for (var row = 0; row < rows; row++) ByteMatrix.ScaleRow<T>(sums + row * width, less, width, c.Scales[from + row], scales, bias, c.Y, (from + row) * c.Columns + first);
        }
        BlockProduct.Done();
    }
}
