using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// libtorch's threads, held together by one loop of its for as long as a body runs that has many short loops: a decode step has some sixty, each of
/// which would wait for OpenMP to begin and to end. The thread that came leads, the others look for the next loop, and fetch meanwhile what it will read.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 4 * Line)]
internal unsafe struct ThreadTeam
{
    /// <summary>Most weights of one loop that are said beforehand.</summary>
    internal const int MostAreas = 3;

    private const int Line = 64;

    // How often a thread looks for something to do before it lets others have the processor.
    private const int Patience = 2000;

    // What a thread fetches beforehand: no more than its own cache holds beside what it works on.
    private const long MostFetched = 96 << 10;

    [ThreadStatic] private static ThreadTeam* _mine;
    [ThreadStatic] private static Action? _body;
    [ThreadStatic] private static ExceptionDispatchInfo? _failure;

    [FieldOffset(0)] private nint _loop;         // of the loop that can be worked on; 0: none
    [FieldOffset(8)] private int _round;         // counts loops
    [FieldOffset(12)] private int _ended;
    [FieldOffset(16)] private int _threads;
    [FieldOffset(Line)] private int _inside;     // how many others may hold the address of the loop
    [FieldOffset(2 * Line)] private int _expected;   // counts what was said to be read next
    [FieldOffset(2 * Line + 8)] private fixed long _areas[2 * MostAreas];   // addresses and sizes

    /// <summary>The team that the calling thread leads; null: none.</summary>
    internal static ThreadTeam* Mine => _mine;

    /// <summary>Runs the body on the calling thread, so many threads less one standing by.</summary>
    internal static void Together(Action body, int threads)
    {
        var team = new ThreadTeam { _threads = threads };
        _mine = &team;
        _body = body;
        try
        {
            TensorHandles.Check(Abi.torch_parallel_for(0, threads, 1, &Join, &team), "to call its threads together");
        }
        finally
        {
            _mine = null;
            _body = null;
        }
        var failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Works on a loop with whoever is there, until it is done.</summary>
    internal void Run(SharedLoop* loop)
    {
        Volatile.Write(ref _loop, (nint)loop);
        Volatile.Write(ref _round, _round + 1);
        loop->Work(0);
        // Whoever has not come in by now finds none; whoever has is waited for.
        Interlocked.Exchange(ref _loop, 0);
        for (var looks = 0; Volatile.Read(ref _inside) != 0;) Wait(ref looks);
    }

    /// <summary>Says which weights the next loop reads, from the first to the last.</summary>
    internal void Expect(ReadOnlySpan<WeightMemory> weights)
    {
        for (var i = 0; i < MostAreas; i++) (_areas[2 * i], _areas[2 * i + 1]) = i < weights.Length ? (weights[i].Address, weights[i].Bytes) : default;
        Volatile.Write(ref _expected, _expected + 1);
    }

    // The calling thread's share comes here too, on itself.
    [UnmanagedCallersOnly]
    private static void Join(long begin, long end, void* context)
    {
        var team = (ThreadTeam*)context;
        if (_mine != team)
        {
            team->Serve((int)begin);
            return;
        }
        try
        {
            _body!();
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);   // no exception may cross libtorch's frames
        }
        Volatile.Write(ref team->_ended, 1);
    }

    private void Serve(int thread)
    {
        int round = 0, expected = 0, looks = 0;
        while (Volatile.Read(ref _ended) == 0)
        {
            if (Volatile.Read(ref _round) is var current && current != round)
            {
                (round, looks) = (current, 0);
                Interlocked.Increment(ref _inside);
                var loop = (SharedLoop*)Volatile.Read(ref _loop);
                if (loop != null && thread < loop->Threads) loop->Work(thread);
                Interlocked.Decrement(ref _inside);
            }
            else if (Volatile.Read(ref _expected) is var said && said != expected)
            {
                expected = said;
                Fetch(thread, round);
            }
            else
            {
                Wait(ref looks);
            }
        }
    }

    // What this thread's share of the next loop begins with. It may be said anew meanwhile: of what is wrong then nothing comes but a line that nobody wants.
    private void Fetch(int thread, int round)
    {
        if (!Sse.IsSupported) return;
        var (all, left) = (0L, MostFetched);
        for (var i = 0; i < MostAreas; i++) all += _areas[2 * i + 1];
        var at = all * thread / _threads;
        left = Math.Min(left, all / _threads);
        for (var i = 0; i < MostAreas; i++)
        {
            var (address, bytes) = (_areas[2 * i], _areas[2 * i + 1]);
            for (; at < bytes && left > 0; at += Line, left -= Line)
            {
                if (at % (16 * Line) == 0 && Volatile.Read(ref _round) != round) return;
                Sse.Prefetch1((byte*)address + at);
            }
            at -= bytes;
            if (left <= 0) return;
        }
    }

    private static void Wait(ref int looks)
    {
        if (++looks < Patience) Thread.SpinWait(1);
        else Thread.Yield();
    }
}
