using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Large blocks from big mapped ranges: best fit, split, and merged again when freed, so that the next step's activations, which are a
/// little larger or smaller than this one's, land on pages that are there already. Ranges are aligned to huge pages: one page fault for 2 MiB.
/// </summary>
/// <remarks>glibc hands large blocks back to the kernel with every free, and each new one is paged in again: half of a training step's time.</remarks>
internal sealed unsafe partial class Arena
{
    private const long Grain = 16 << 10;    // sizes are multiples of this
    private const long Split = 32 << 10;    // smaller rests stay with their block
    private const long Range = 256 << 20;   // mapped at a time; pages cost nothing until they are touched
    private const long Huge = 2 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<nint, Block> _used = [];
    private readonly SortedSet<Block> _free = new(BySize.Instance);
    private long _usedBytes, _cachedBytes;

    /// <summary>Bytes of blocks in use.</summary>
    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    /// <summary>Bytes of free blocks that hold pages.</summary>
    public long CachedBytes => Interlocked.Read(ref _cachedBytes);

    /// <summary>Most bytes kept for reuse.</summary>
    public long CacheLimit { get; set; } = 2L << 30;

    /// <summary>A block of at least so many bytes, aligned to a page, and how many it has; null where the system has no more.</summary>
    public void* Take(long bytes, out long room)
    {
        room = 0;
        var size = (bytes + Grain - 1) / Grain * Grain;
        lock (_lock)
        {
            var block = Fitting(size);
            if (block is null)
            {
                if (!Map(size))
                {
                    Release(0);
                    if (!Map(size)) return null;
                }
                block = Fitting(size)!;
            }
            _free.Remove(block);
            _cachedBytes -= block.Touched;
            if (block.Size - size >= Split)
            {
                var rest = new Block { Address = block.Address + (nint)size, Size = block.Size - size, Touched = Math.Max(0, block.Touched - size), Free = true, Before = block, After = block.After };
                if (rest.After is { } after) after.Before = rest;
                (block.After, block.Size) = (rest, size);
                _free.Add(rest);
                _cachedBytes += rest.Touched;
            }
            block.Free = false;
            _usedBytes += block.Size;
            _used.Add(block.Address, block);
            room = block.Size;
            return (void*)block.Address;
        }
    }

    /// <summary>Takes a block back.</summary>
    public void Give(void* address)
    {
        lock (_lock)
        {
            _used.Remove((nint)address, out var block);
            _usedBytes -= block!.Size;
            _cachedBytes += block.Size;
            (block.Free, block.Touched) = (true, block.Size);
            if (block.After is { Free: true } after)
            {
                _free.Remove(after);
                Join(block, after);
            }
            if (block.Before is { Free: true } before)
            {
                _free.Remove(before);
                // Only the end of a block can be untouched: what was untouched in the one before counts as touched from here on.
                _cachedBytes += before.Size - before.Touched;
                before.Touched = before.Size;
                Join(before, block);
                block = before;
            }
            _free.Add(block);
            if (_cachedBytes > CacheLimit) Release(CacheLimit);
        }
    }

    /// <summary>Gives pages of free blocks back to the system until at most so many bytes are kept.</summary>
    public void Trim(long keep)
    {
        lock (_lock) Release(keep);
    }

    private static void Join(Block block, Block after)
    {
        block.Touched = block.Size + after.Touched;   // block holds all its pages
        block.Size += after.Size;
        block.After = after.After;
        if (after.After is { } next) next.Before = block;
    }

    private Block? Fitting(long size) => _free.GetViewBetween(new Block { Size = size }, new Block { Size = long.MaxValue }).Min;

    private bool Map(long bytes)
    {
        var size = bytes <= Range ? Range : (bytes + Huge - 1) / Huge * Huge;
        var raw = mmap(null, (nuint)(size + Huge), ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        if ((nint)raw == -1) return false;
        var aligned = (byte*)(((nint)raw + (nint)Huge - 1) & ~(nint)(Huge - 1));
        if (aligned > raw) munmap(raw, (nuint)(aligned - raw));
        if (raw + Huge > aligned) munmap(aligned + size, (nuint)(raw + Huge - aligned));
        _ = madvise(aligned, (nuint)size, HugePages);
        _free.Add(new Block { Address = (nint)aligned, Size = size, Free = true });
        return true;
    }

    // The largest blocks first. A whole range is unmapped, a part of one gives its pages back.
    private void Release(long keep)
    {
        foreach (var block in _free.Reverse().ToList())
        {
            if (_cachedBytes <= keep) return;
            _cachedBytes -= block.Touched;
            if (block.Before is null && block.After is null)
            {
                _free.Remove(block);
                munmap((void*)block.Address, (nuint)block.Size);
            }
            else
            {
                _ = madvise((void*)block.Address, (nuint)block.Touched, DontNeed);
                block.Touched = 0;
            }
        }
    }

    /// <summary>A part of a mapped range; its neighbours are parts of the same range.</summary>
    private sealed class Block
    {
        public nint Address;
        public long Size;
        public long Touched;   // bytes from the start that hold pages, where free
        public bool Free;
        public Block? Before, After;
    }

    private sealed class BySize : IComparer<Block>
    {
        public static BySize Instance { get; } = new();

        public int Compare(Block? x, Block? y) => x!.Size != y!.Size ? x.Size.CompareTo(y.Size) : x.Address.CompareTo(y.Address);
    }

    private const int ReadWrite = 3, PrivateAnonymousNoReserve = 0x4022, HugePages = 14, DontNeed = 4;   // PROT_*, MAP_*, MADV_* of Linux

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int madvise(void* address, nuint length, int advice);
}
