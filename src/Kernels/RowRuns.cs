using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>Runs of the rows of a tensor that are worked on by themselves: cut apart, joined again, or read beside the whole; each a node.</summary>
public static unsafe class RowRuns
{
    private const long BytesPerPart = 64 * 1024;

    private struct Copies
    {
        internal byte** From;   // per run its rows, or null for zeros
        internal long* Ends;    // per run where it ends, in bytes
        internal byte* To;
        internal long Bytes;
    }

    /// <summary>Consecutive runs of rows, which read the tensor's memory.</summary>
    /// <param name="x"><c>[rows, …]</c>.</param>
    /// <param name="lengths">Rows of each; together all. One run is the tensor itself.</param>
    public static Tensor[] Cut(Tensor x, long[] lengths)
    {
        if (lengths is [_]) return [x];
        if (!Simd.Suits(x) || x.numel() == 0 || !Autograd.Records(x)) return x.split(lengths, 0);
        Tensor[] parts;
        using (no_grad()) parts = x.detach().split(lengths, 0);
        var (shape, type) = (x.shape, x.dtype);
        Autograd.Function([x], parts, [], (gradients, _) =>
        {
            var all = empty(shape, type);
            Copy([.. gradients], lengths, all);
            return [all];
        });
        return parts;
    }

    /// <summary>The rows of some tensors, one after the other: <c>[rows, …]</c> all, with rows of one shape. One tensor is itself.</summary>
    public static Tensor Join(Tensor[] parts)
    {
        if (parts is [var only]) return only;
        if (!Simd.Suits(parts[0], parts) || parts[0].numel() == 0) return torch.cat(parts, 0);
        long[] shape = parts[0].shape, lengths = [.. parts.Select(part => part.size(0))];
        Tensor all;
        using (no_grad())
        {
            all = empty([lengths.Sum(), .. shape.AsSpan(1)], parts[0].dtype);
            Copy(parts, lengths, all);
        }
        Autograd.Function(parts, [all], [], (gradients, _) => gradients[0] is { } gradient ? gradient.split(lengths, 0) : new Tensor?[lengths.Length]);
        return all;
    }

    /// <summary>A tensor <c>[rows, …]</c> itself, and runs of its rows; all of them read the same memory.</summary>
    /// <remarks>
    /// The gradients of the runs are added to that of the whole where it lies; else each reader of a run would cost a gradient as long as the whole, mostly zeros. So the
    /// whole must have one reader, which makes its gradient anew and keeps nothing of it: a product with a frozen weight.
    /// </remarks>
    /// <param name="x">The tensor.</param>
    /// <param name="runs">First row and number of rows of each run.</param>
    public static (Tensor Whole, Tensor[] Runs) Share(Tensor x, IReadOnlyList<(int Start, int Length)> runs)
    {
        if (!Autograd.Records(x)) return (x, [.. runs.Select(run => x.narrow(0, run.Start, run.Length))]);
        Tensor[] outputs;
        using (no_grad()) outputs = [x.detach(), .. runs.Select(run => x.detach().narrow(0, run.Start, run.Length))];
        var (shape, type, device) = (x.shape, x.dtype, x.device);
        Autograd.Function([x], outputs, [], (gradients, _) =>
        {
            var sum = gradients[0] ?? zeros(shape, type, device);
            for (var i = 0; i < runs.Count; i++)
                if (gradients[i + 1] is { } gradient) sum.narrow(0, runs[i].Start, runs[i].Length).add_(gradient);
            return [sum];
        });
        return (outputs[0], outputs[1..]);
    }

    // Rows of all runs into one tensor; those of a run that is missing become zero.
    private static void Copy(Tensor?[] runs, long[] lengths, Tensor into)
    {
        var row = into.numel() / into.size(0) * into.ElementSize;
        var from = stackalloc byte*[runs.Length];
        var ends = stackalloc long[runs.Length];
        var contiguous = Array.ConvertAll(runs, run => run?.contiguous());
        for (var i = 0; i < runs.Length; i++)
        {
            from[i] = contiguous[i] is { } rows ? (byte*)rows.Pointer() : null;
            ends[i] = (i == 0 ? 0 : ends[i - 1]) + lengths[i] * row;
        }
        var context = new Copies { From = from, Ends = ends, To = (byte*)into.Pointer(), Bytes = into.size(0) * row };
        Threads.For(Threads.Parts(context.Bytes, (int)BytesPerPart), &Part, &context);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Copies*)context;
        long at = part * BytesPerPart, end = Math.Min(c.Bytes, at + BytesPerPart);
        for (var run = 0; at < end; run++)
        {
            if (c.Ends[run] <= at) continue;
            var start = run == 0 ? 0 : c.Ends[run - 1];
            var bytes = Math.Min(c.Ends[run], end) - at;
            if (c.From[run] == null) new Span<byte>(c.To + at, (int)bytes).Clear();
            else Buffer.MemoryCopy(c.From[run] + (at - start), c.To + at, bytes, bytes);
            at += bytes;
        }
    }
}
