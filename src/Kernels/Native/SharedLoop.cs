using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// A loop and its shares: parts that follow each other, one share for each thread, so that a thread reads on where it has read. One whose share is done takes
/// half of what another has left, from its end; one that never comes has its share done by the others.
/// </summary>
internal unsafe struct SharedLoop
{
    private readonly delegate*<void*, int, void> _body;
    private readonly void* _context;
    private readonly Share* _shares;

    /// <summary>Makes the loop over memory for so many shares as there are threads.</summary>
    internal SharedLoop(delegate*<void*, int, void> body, void* context, int parts, Share* shares, int threads)
    {
        _body = body;
        _context = context;
        _shares = shares;
        Threads = threads;
        for (var i = 0; i < threads; i++) shares[i].Set((int)((long)parts * i / threads), (int)((long)parts * (i + 1) / threads));
    }

    /// <summary>How many can work on it.</summary>
    internal int Threads { get; }

    /// <summary>Works until no part is left to begin.</summary>
    internal readonly void Work(int thread)
    {
        do
        {
            while (_shares[thread].TakeFirst(out var part)) _body(_context, part);
        }
        while (TakeOver(thread));
    }

    private readonly bool TakeOver(int thread)
    {
        for (var other = thread + 1; other < thread + Threads; other++)
        {
            if (!_shares[other % Threads].TakeLast(out var from, out var to)) continue;
            _shares[thread].Set(from, to);
            return true;
        }
        return false;
    }

    /// <summary>The parts from one to before another; a cache line of its own, because its owner changes it for every part.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct Share
    {
        private long _parts;   // the first in the low half, the end in the high one

        private static long Pack(int from, int to) => (long)to << 32 | (uint)from;

        /// <summary>Only while it is empty, and by its owner.</summary>
        internal void Set(int from, int to) => Volatile.Write(ref _parts, Pack(from, to));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal bool TakeFirst(out int part)
        {
            while (true)
            {
                var parts = Volatile.Read(ref _parts);
                part = (int)parts;
                if (part >= (int)(parts >> 32)) return false;
                if (Interlocked.CompareExchange(ref _parts, parts + 1, parts) == parts) return true;
            }
        }

        internal bool TakeLast(out int from, out int to)
        {
            while (true)
            {
                var parts = Volatile.Read(ref _parts);
                var first = (int)parts;
                to = (int)(parts >> 32);
                from = first + (to - first) / 2;
                if (first >= to) return false;
                if (Interlocked.CompareExchange(ref _parts, Pack(first, from), parts) == parts) return true;
            }
        }
    }
}
