using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// The functions that one loaded library calls in others (ELF's jump slots), each of which can be pointed elsewhere: the other libraries of
/// the process keep calling the original.
/// </summary>
internal sealed unsafe partial class ImportTable
{
    private const int LinkMap = 2;                       // RTLD_DI_LINKMAP
    private const long StrTab = 5, SymTab = 6, JmpRel = 23, PltRelSz = 2;
    private const uint JumpSlotX64 = 7, JumpSlotArm64 = 1026;
    private const int ReadWrite = 3;                     // PROT_READ | PROT_WRITE

    private readonly byte* _base, _names, _symbols, _relocations;
    private readonly long _size;

    private ImportTable(byte* loadedAt, long* dynamic)
    {
        _base = loadedAt;
        for (; dynamic[0] != 0; dynamic += 2)
        {
            switch (dynamic[0])
            {
                case StrTab: _names = Absolute(dynamic[1]); break;
                case SymTab: _symbols = Absolute(dynamic[1]); break;
                case JmpRel: _relocations = Absolute(dynamic[1]); break;
                case PltRelSz: _size = dynamic[1]; break;
            }
        }
    }

    /// <summary>The table of a library that was opened with <c>dlopen</c>; null where this system has no such tables.</summary>
    public static ImportTable? Of(nint library)
    {
        if (!OperatingSystem.IsLinux() || sizeof(nint) != 8) return null;
        Map* map;
        if (dlinfo(library, LinkMap, &map) != 0 || map->Dynamic is null) return null;
        var table = new ImportTable(map->Address, map->Dynamic);
        return table._names is null || table._symbols is null || table._relocations is null ? null : table;
    }

    /// <summary>Where the address of an imported function stands; null where the library does not import it.</summary>
    public nint* Slot(ReadOnlySpan<byte> name)
    {
        for (var entry = (Relocation*)_relocations; (byte*)entry < _relocations + _size; entry++)
        {
            if ((uint)entry->Info is not (JumpSlotX64 or JumpSlotArm64)) continue;
            var symbol = (Symbol*)_symbols + (entry->Info >> 32);
            if (MemoryMarshal.CreateReadOnlySpanFromNullTerminated(_names + symbol->Name).SequenceEqual(name)) return (nint*)(_base + entry->Offset);
        }
        return null;
    }

    /// <summary>Points an imported function elsewhere.</summary>
    public static bool Write(nint* slot, nint function)
    {
        var page = (nint)slot & ~(nint)(Environment.SystemPageSize - 1);
        if (mprotect((void*)page, (nuint)((byte*)(slot + 1) - (byte*)page), ReadWrite) != 0) return false;
        Volatile.Write(ref *slot, function);
        return true;
    }

    // glibc turns the table's offsets into addresses when it loads a library; others leave them as they are.
    private byte* Absolute(long value) => value < (long)_base ? _base + value : (byte*)value;

    [StructLayout(LayoutKind.Sequential)]
    private struct Map
    {
        public byte* Address;
        public byte* Name;
        public long* Dynamic;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Relocation
    {
        public long Offset;
        public ulong Info;
        public long Addend;
    }

    [StructLayout(LayoutKind.Sequential, Size = 24)]
    private struct Symbol
    {
        public uint Name;
    }

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int dlinfo(nint library, int request, Map** map);

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mprotect(void* address, nuint length, int protection);
}
