using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Threads of libtorch's operators and of the kernels here, which run on libtorch's own: a second pool beside OpenMP's would fight it for the
/// cores. Parts are independent of each other, so that who takes which changes no bit of the result.
/// </summary>
public static unsafe class Threads
{
    // What libtorch says is asked for once: kernels look at it at every call.
    private static int _count;

    private struct Job
    {
        internal delegate*<void*, int, void> Body;
        internal void* Context;
        internal int Parts;
        internal int Next;
        internal int Shares;   // what is left is divided by it, and one of the shares taken; 0: one part is
    }

    /// <summary>How many threads an operator uses.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to less than one; libtorch would end the process.</exception>
    public static int Count
    {
        get => _count > 0 ? _count : _count = Loaded(get_num_threads);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            LibTorch.Load();
#pragma warning disable RS0030 // the one place that calls it, with a count that was checked
            set_num_threads(value);
#pragma warning restore RS0030
            _count = value;
        }
    }

    private static int Loaded(Func<int> ask)
    {
        LibTorch.Load();
        return ask();
    }

    /// <summary>Calls <c>body(context, part)</c> for every part; the body must not throw.</summary>
    /// <param name="parts">How many there are.</param>
    /// <param name="body">What is called.</param>
    /// <param name="context">Its first argument.</param>
    /// <param name="alike">Each takes as long as another: a thread takes many that follow each other, and fewer towards the end, so that it reads on where it has read and all end together.</param>
    internal static void For(int parts, delegate*<void*, int, void> body, void* context, bool alike = false)
    {
        var threads = parts > 1 ? Math.Min(parts, Count) : 1;
        if (threads <= 1)
        {
            for (var i = 0; i < parts; i++) body(context, i);
            return;
        }
        var job = new Job { Body = body, Context = context, Parts = parts, Shares = alike ? 2 * threads : 0 };
        TensorHandles.Check(Abi.torch_parallel_for(0, threads, 1, &Take, &job), "to run a kernel on its threads");
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
    private static void Take(long begin, long end, void* context)
    {
        var job = (Job*)context;
        for (var thread = begin; thread < end; thread++)
        {
            for (int from; (from = Volatile.Read(ref job->Next)) < job->Parts;)
            {
                var to = from + (job->Shares == 0 ? 1 : Math.Max(1, (job->Parts - from) / job->Shares));
                if (Interlocked.CompareExchange(ref job->Next, to, from) != from) continue;
                for (var i = from; i < to; i++) job->Body(job->Context, i);
            }
        }
    }
}
