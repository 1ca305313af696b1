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
    internal static void For(int parts, delegate*<void*, int, void> body, void* context)
    {
        var threads = parts > 1 ? Math.Min(parts, Count) : 1;
        if (threads <= 1)
        {
            for (var i = 0; i < parts; i++) body(context, i);
            return;
        }
        var shares = stackalloc SharedLoop.Share[threads];
        var loop = new SharedLoop(body, context, parts, shares, threads);
        if (ThreadTeam.Mine is var team && team != null) team->Run(&loop);
        else TensorHandles.Check(Abi.torch_parallel_for(0, threads, 1, &Take, &loop), "to run a kernel on its threads");
    }

    /// <summary>Runs a body of many short loops, one after the other, the threads that share them standing by from its first to its last. Operators of libtorch's run on one thread meanwhile.</summary>
    public static void Together(Action body)
    {
        if (Count <= 1 || ThreadTeam.Mine != null) body();
        else ThreadTeam.Together(body, Count);
    }

    /// <summary>Says which weights the next shared loop will read, at most three, from the first to the last: threads that stand by fetch them meanwhile. Outside <see cref="Together"/> nothing is done.</summary>
    public static void Expect(params ReadOnlySpan<WeightMemory> weights)
    {
        if (ThreadTeam.Mine is var team && team != null) team->Expect(weights);
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
        for (var thread = begin; thread < end; thread++) ((SharedLoop*)context)->Work((int)thread);
    }
}
