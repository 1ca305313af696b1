using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Native memory of tensors on the processor: counted, limited, and kept for reuse. libtorch's allocator stays in place; the two functions
/// that it takes memory with are answered here, so that a refusal becomes libtorch's own error. Memory-mapped weights are not counted: the
/// page cache owns them.
/// </summary>
/// <remarks>Where the system has no jump slots to answer (macOS, Windows), libtorch allocates as it always does and the counts stay zero.</remarks>
public static unsafe partial class TensorMemory
{
    // From here on blocks come from the arena. What malloc has once taken stays with it, so that a step of other lengths, whose tensors are on the other side of
    // the limit, takes all its memory anew: with a limit of 1 MiB a training on rows of all lengths held 1,227 MB where it holds 760 now.
    private const long Large = 64 << 10;

    private const int Alignment = 64;       // what libtorch asks for, and the size of a header
    private const ulong Magic = 0xA19ACA5C_07EE5EED;
    private const long Spare = 16 << 10, SpareUntil = 1 << 20;    // between these a block has a sixteenth more than was asked for, see EvenRows
    private const int OutOfMemory = 12;     // ENOMEM

    private const long SmallKept = 64 << 20; // of freed small blocks

    private static readonly Arena _arena = new();
    private static readonly SmallBlocks _small = new(SmallKept);
    private static long _live, _peak;
    [ThreadStatic] private static long _refused;
    private static delegate* unmanaged<void**, nuint, nuint, int> _allocate;
    private static delegate* unmanaged<void*, void> _free;

    /// <summary>Whether tensors are counted here.</summary>
    public static bool IsCounted { get; private set; }

    /// <summary>Bytes of tensors that live now.</summary>
    public static long LiveBytes => Interlocked.Read(ref _live);

    /// <summary>The most bytes that lived at once since the start or <see cref="ResetPeak"/>.</summary>
    public static long PeakBytes => Interlocked.Read(ref _peak);

    /// <summary>Bytes held from the system for large tensors, in use or kept for reuse.</summary>
    public static long ReservedBytes => _arena.UsedBytes + _arena.CachedBytes;

    /// <summary>Bytes of these that no tensor uses now.</summary>
    public static long CachedBytes => _arena.CachedBytes;

    /// <summary>Most live bytes; beyond, libtorch reports that it cannot allocate. The machine's (or the container's) memory unless told otherwise.</summary>
    public static long Limit { get; set; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Measures the peak from here on.</summary>
    public static void ResetPeak() => Interlocked.Exchange(ref _peak, LiveBytes);

    /// <summary>Gives the memory kept for reuse back to the system.</summary>
    public static void EmptyCache()
    {
        _arena.Trim(0);
        if (!IsCounted) return;
        _small.Clear(_free);
        _ = malloc_trim(0);
    }

    /// <summary>Bytes of the last allocation that was refused on this thread and not asked for yet; 0 where there is none.</summary>
    internal static long TakeRefused()
    {
        var bytes = _refused;
        _refused = 0;
        return bytes;
    }

    /// <summary>Answers the allocations of a loaded <c>libc10</c>.</summary>
    internal static void Install(nint c10)
    {
        if (ImportTable.Of(c10) is not { } table) return;
        nint* allocate = table.Slot("posix_memalign"u8), free = table.Slot("free"u8);
        if (allocate is null || free is null) return;
        var libc = NativeLibrary.Load("libc.so.6");
        _allocate = (delegate* unmanaged<void**, nuint, nuint, int>)NativeLibrary.GetExport(libc, "posix_memalign");
        _free = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(libc, "free");
        // Small blocks stay with malloc, which is told to keep its pages: thresholds of mapping and trimming, and what it grows by.
        _ = mallopt(-3, 32 << 20);
        _ = mallopt(-1, 512 << 20);
        _ = mallopt(-2, 16 << 20);
        IsCounted = ImportTable.Write(free, (nint)(delegate* unmanaged<void*, void>)&Free) && ImportTable.Write(allocate, (nint)(delegate* unmanaged<void**, nuint, nuint, int>)&Allocate);
        // libtorch's own clean-up runs after this runtime has ended and must not call into it. What it frees then may be ours, which malloc
        // must not see, so it frees nothing: labs takes a pointer's worth of bits and does nothing with it.
        var nothing = NativeLibrary.GetExport(libc, "labs");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            ImportTable.Write(allocate, (nint)_allocate);
            ImportTable.Write(free, nothing);
        };
    }

    /// <summary>Stands in front of every tensor's elements, its last word directly before them: how they are recognised when they are freed.</summary>
    [StructLayout(LayoutKind.Sequential, Size = Alignment)]
    private struct Header
    {
        public long Size;
        public void* Base;
        public int Class;      // of small blocks; -1 of the arena's
        private int _gap;
        public long Room;      // bytes behind this header
        private fixed ulong _unused[3];
        public ulong Mark;
    }

    [UnmanagedCallersOnly]
    private static int Allocate(void** result, nuint alignment, nuint bytes)
    {
        if (alignment > Alignment) return _allocate(result, alignment, bytes);
        var size = (long)bytes;
        if (size < 0 || size > Limit - LiveBytes) return Refuse(size);
        void* block;
        var index = -1;
        long room, wanted = size + Alignment + (size is >= Spare and < SpareUntil ? size / 16 : 0);
        if (size >= Large)
        {
            block = _arena.Take(wanted, out room);
            if (block is null) return Refuse(size);
        }
        else
        {
            index = SmallBlocks.Class(wanted, out room);
            block = _small.Take(index, room);
            if (block is null && _allocate(&block, Alignment, (nuint)room) is not 0 and var error) return error;
        }
        var header = (Header*)block;
        *header = new Header { Size = size, Base = block, Class = index, Room = room - Alignment, Mark = Magic ^ (ulong)(header + 1) };
        *result = header + 1;
        var live = Interlocked.Add(ref _live, size);
        for (var peak = PeakBytes; live > peak; peak = PeakBytes)
            if (Interlocked.CompareExchange(ref _peak, live, peak) == peak) break;
        return 0;
    }

    /// <summary>
    /// Bytes that may be read from <paramref name="data"/> on, where an allocation of ours begins there; 0 where none does. A product's rows are read
    /// beyond their end with it (<see cref="EvenRows"/>).
    /// </summary>
    internal static long Room(void* data)
    {
        if (!IsCounted || data is null || ((nint)data & (Alignment - 1)) != 0 || ((ulong*)data)[-1] != (Magic ^ (ulong)data)) return 0;
        return ((Header*)data - 1)->Room;
    }

    private static int Refuse(long bytes)
    {
        _refused = bytes;
        return OutOfMemory;
    }

    // libc10 frees other things through the same slot; what stands directly before those is malloc's own small number.
    [UnmanagedCallersOnly]
    private static void Free(void* data)
    {
        if (data is null || ((ulong*)data)[-1] != (Magic ^ (ulong)data))
        {
            _free(data);
            return;
        }
        var header = (Header*)data - 1;
        Interlocked.Add(ref _live, -header->Size);
        header->Mark = 0;
        if (header->Class < 0) _arena.Give(header->Base);
        else if (!_small.Keep(header->Base, header->Class, header->Room + Alignment)) _free(header->Base);
    }

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int malloc_trim(nuint keep);
}
