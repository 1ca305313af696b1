using System.Numerics;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Blocks below the arena's size, kept by size when they are freed. malloc would split and join them for ever: what a step computes differs by a
/// little from what the last one did, and searching malloc's lists for it took 5 % of a training step.
/// </summary>
internal sealed unsafe class SmallBlocks(long limit)
{
    private const int PerOctave = 8, FirstBit = 9;   // classes an eighth of a power of two apart, from 512 bytes: at most 12.5 % are lent for nothing

    private readonly Lock _lock = new();
    private readonly nint[] _first = new nint[PerOctave * 16];
    private long _kept;

    /// <summary>Bytes that are kept for reuse.</summary>
    internal long CachedBytes => Interlocked.Read(ref _kept);

    /// <summary>The class of blocks that hold so many bytes, and how many they hold.</summary>
    internal static int Class(long bytes, out long size)
    {
        if (bytes <= 1L << FirstBit)
        {
            size = 1L << FirstBit;
            return 0;
        }
        var bit = BitOperations.Log2((ulong)(bytes - 1));
        var step = 1L << (bit - 3);
        var steps = (bytes - 1 - (1L << bit)) / step + 1;   // 1 … 8 above 2^bit
        size = (1L << bit) + steps * step;
        return (bit - FirstBit) * PerOctave + (int)steps;
    }

    /// <summary>A kept block of the class, or null.</summary>
    internal void* Take(int index, long size)
    {
        lock (_lock)
        {
            var block = (nint*)_first[index];
            if (block is null) return null;
            _first[index] = *block;
            _kept -= size;
            return block;
        }
    }

    /// <summary>Keeps a block, or says that it is to be freed because enough are kept.</summary>
    internal bool Keep(void* block, int index, long size)
    {
        lock (_lock)
        {
            if (_kept + size > limit) return false;
            *(nint*)block = _first[index];
            _first[index] = (nint)block;
            _kept += size;
            return true;
        }
    }

    /// <summary>Hands all kept blocks to <paramref name="free"/>.</summary>
    internal void Clear(delegate* unmanaged<void*, void> free)
    {
        lock (_lock)
        {
            for (var i = 0; i < _first.Length; i++)
            {
                while (_first[i] is not 0 and var block)
                {
                    _first[i] = *(nint*)block;
                    free((void*)block);
                }
            }
            _kept = 0;
        }
    }
}
