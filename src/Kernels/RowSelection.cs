using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Rows of a tensor by ascending number. Backward writes every row once, selected or zero; <c>index_select</c>'s clears all rows first and
/// adds to the selected ones.
/// </summary>
internal static unsafe class RowSelection
{
    private struct Context
    {
        internal byte* From, To;
        internal int* Source;
        internal long Rows, Bytes;
        internal int PerPart;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, int[] rows) => x.index_select(0, tensor(Array.ConvertAll(rows, row => (long)row)).On(x.device));

    internal static Tensor Apply(Tensor x, int[] rows)
    {
        for (var i = 0; i < rows.Length; i++)
            if (rows[i] >= x.size(0) || rows[i] <= (i == 0 ? -1 : rows[i - 1])) throw new ArgumentException($"select_rows: row {rows[i]} of {x.Describe()} does not follow in order", nameof(rows));
        if (x.device_type != DeviceType.CPU || x.numel() == 0 || rows.Length == 0) return Reference(x, rows);
        var count = (int)x.size(0);
        Tensor y;
        using (no_grad()) y = Copy(x, rows);
        Autograd.Function([x], [y], [], (grads, _) => [grads[0] is { } dy ? Copy(dy, Inverse(rows, count)) : null]);
        return y;
    }

    // Row i of the result is row source[i], or zero where that is -1.
    private static Tensor Copy(Tensor x, int[] source)
    {
        var from = x.contiguous();
        var shape = x.shape;
        shape[0] = source.Length;
        var y = empty(shape, x.dtype);
        var width = x.numel() / x.size(0);
        fixed (int* s = source)
        {
            var context = new Context
            {
                From = (byte*)from.Pointer(), To = (byte*)y.Pointer(), Source = s, Rows = source.Length, Bytes = width * x.ElementSize,
                PerPart = Threads.RowsPerPart(source.Length, width),
            };
            Threads.For(Threads.Parts(source.Length, context.PerPart), &Part, &context);
        }
        GC.KeepAlive(from);
        return y;
    }

    private static int[] Inverse(int[] rows, int count)
    {
        var inverse = new int[count];
        Array.Fill(inverse, -1);
        for (var i = 0; i < rows.Length; i++) inverse[rows[i]] = i;
        return inverse;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var end = Math.Min(c.Rows, (long)(part + 1) * c.PerPart);
        for (var row = (long)part * c.PerPart; row < end; row++)
        {
            var to = new Span<byte>(c.To + row * c.Bytes, (int)c.Bytes);
            if (c.Source[row] < 0) to.Clear();
            else new ReadOnlySpan<byte>(c.From + c.Source[row] * c.Bytes, to.Length).CopyTo(to);
        }
    }
}
