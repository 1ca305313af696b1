using System.Runtime.InteropServices;
using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch.Kernels;

/// <summary>
/// Runs the parts of a kernel on libtorch's own threads: a second pool beside OpenMP's would fight it for the cores.
/// Parts are independent of each other, so that who takes which changes no bit of the result.
/// </summary>
internal static unsafe class Threads
{
    private struct Job
    {
        internal delegate*<void*, int, void> Body;
        internal void* Context;
        internal int Parts;
        internal int Next;
    }

    /// <summary>Calls <c>body(context, part)</c> for every part; the body must not throw.</summary>
    internal static void For(int parts, delegate*<void*, int, void> body, void* context)
    {
        var threads = parts > 1 ? Math.Min(parts, Native.ac_threads()) : 1;
        if (threads <= 1)
        {
            for (var i = 0; i < parts; i++) body(context, i);
            return;
        }
        var job = new Job { Body = body, Context = context, Parts = parts };
        Native.Check(Native.ac_parallel(threads, &Take, (nint)(&job)));
    }

    /// <summary>How many rows make a part: enough for some microseconds of work, few enough to share out evenly.</summary>
    internal static int RowsPerPart(long rows, long elementsPerRow)
    {
        const long Least = 16 * 1024;
        var enough = Math.Max(1, Least / Math.Max(1, elementsPerRow));
        var even = (rows + 31) / 32;
        return (int)Math.Max(enough, even);
    }

    internal static int Parts(long rows, int perPart) => checked((int)((rows + perPart - 1) / perPart));

    [UnmanagedCallersOnly]
    private static void Take(nint context, int thread)
    {
        var job = (Job*)context;
        int i;
        while ((i = Interlocked.Increment(ref job->Next) - 1) < job->Parts) job->Body(job->Context, i);
    }
}
