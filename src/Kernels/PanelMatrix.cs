using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// The right side of products in bf16, laid out for <see cref="BlockProduct"/>: panels of 64 columns, in each of which two rows lie in pairs. What it costs is the memory of the matrix once more; oneDNN's own products
/// of whole matrices prepare a kernel for every number of rows, and are slower where weights come from memory (two threads of a Zen 4, 240 rows of 512 by 512: 410 GFLOP/s, 384 of theirs; the same bits).
/// </summary>
internal sealed unsafe class PanelMatrix : IDisposable
{
    private const int Width = BlockProduct.Columns;

    private readonly Tensor _panels;

    private PanelMatrix(Tensor panels, long rows, long columns) => (_panels, Inner, Columns) = (panels, rows, columns);

    /// <summary>Rows, as many as a row on the left has columns.</summary>
    internal long Inner { get; }

    /// <summary>Columns, as many as a row of the product has.</summary>
    internal long Columns { get; }

    /// <summary>Panel by panel.</summary>
    internal ushort* Panels => (ushort*)_panels.Pointer();

    /// <summary>Whether so many rows can be laid out, and are worth it on this processor.</summary>
    internal static bool Suits(long rows) => BlockProduct.IsFast && rows % 2 == 0;

    /// <summary>Wᵀ of a weight <c>[columns, rows]</c>, contiguous bf16.</summary>
    internal static PanelMatrix OfTransposed(Tensor weight) => Of(weight, weight.size(1), weight.size(0), &PairsAcross);

    /// <summary>A weight <c>[rows, columns]</c> as it is, contiguous bf16.</summary>
    internal static PanelMatrix Of(Tensor weight) => Of(weight, weight.size(0), weight.size(1), &PairsDown);

    private static PanelMatrix Of(Tensor weight, long rows, long columns, delegate*<void*, int, void> panel)
    {
        var panels = empty([rows * columns], bfloat16);
        var context = new Context { From = (ushort*)weight.Pointer(), To = (ushort*)panels.Pointer(), Rows = rows, Columns = columns };
        Threads.For(checked((int)((columns + Width - 1) / Width)), panel, &context);
        GC.KeepAlive(weight);
        return new PanelMatrix(panels.DetachFromDisposeScope(), rows, columns);
    }

    private struct Context
    {
        internal ushort* From, To;
        internal long Rows, Columns;
    }

    // Two numbers that stand beside each other are a word, and words change places.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PairsAcross(void* context, int panel)
    {
        ref var c = ref *(Context*)context;
        long first = (long)panel * Width, pairs = c.Rows / 2;
        var width = (int)Math.Min(Width, c.Columns - first);
        NumberWords.Turn((uint*)c.From + first * pairs, pairs, width, (int)pairs, (uint*)c.To + first * pairs, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PairsDown(void* context, int panel)
    {
        ref var c = ref *(Context*)context;
        var first = (long)panel * Width;
        var width = (int)Math.Min(Width, c.Columns - first);
        var whole = width / 16 * 16;
        ushort* upper = c.From + first, to = c.To + first * c.Rows;
        for (var pair = c.Rows / 2; pair > 0; pair--, upper += 2 * c.Columns, to += 2 * width)
        {
            var lower = upper + c.Columns;
            NumberWords.Interleave(upper, lower, whole, (uint*)to);
            for (var column = whole; column < width; column++) ((uint*)to)[column] = upper[column] | (uint)lower[column] << 16;
        }
    }

    /// <summary>Frees it.</summary>
    public void Dispose() => _panels.Dispose();
}
