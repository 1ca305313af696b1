using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Makes a shared library that asks for a newer libstdc++ load on an older one, where it asks for no function of the newer one.
/// </summary>
/// <remarks>
/// Objects compiled by GCC 13 name <c>_ZSt21ios_base_library_initv@GLIBCXX_3.4.32</c> without calling it: a marker that says "this libstdc++
/// initialises the streams by itself". Debian 12 and Ubuntu 22.04 have 3.4.30 and refuse the whole library for it. Marking that one version
/// weak in a copy (one flag of the ELF version table; the library is under the MIT licence) lets their loader go on without it.
/// </remarks>
internal static class ElfVersions
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Marker = "_ZSt21ios_base_library_init";
    private const uint DynSym = 11, VerSym = 0x6fffffff, VerNeed = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>The path of a copy with the version marked weak, made once per content of the file; null where the file is none that this helps.</summary>
    public static string? PatchedCopy(string file, string folder)
    {
        var bytes = File.ReadAllBytes(file);
        if (!MarkWeak(bytes)) return null;
        var name = $"{Path.GetFileNameWithoutExtension(file)}-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}.so";
        var copy = Path.Combine(folder, name);
        if (File.Exists(copy)) return copy;
        Directory.CreateDirectory(folder);
        // Several programs may start at once: each writes its own file, and the last rename wins with the same bytes.
        var temporary = Path.Combine(folder, $".{name}.{Environment.ProcessId}");
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>Sets the weak flag of the version, if the marker is the only symbol that has it.</summary>
    internal static bool MarkWeak(byte[] elf)
    {
        if (elf.Length < 64 || !elf.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8)) return false;
        try
        {
            var sections = Sections(elf);
            var (index, flags) = Entry(elf, sections);
            if (flags < 0 || !OnlyMarker(elf, sections, index)) return false;
            BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(flags), (ushort)(U16(elf, flags) | Weak));
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;   // a table that points outside the file
        }
    }

    private readonly record struct Section(uint Type, int Offset, int Size, int Link);

    private static Section[] Sections(byte[] elf)
    {
        var (offset, size, count) = (I64(elf, 0x28), U16(elf, 0x3A), U16(elf, 0x3C));
        var sections = new Section[count];
        for (var i = 0; i < count; i++)
        {
            var at = checked(offset + i * size);
            sections[i] = new Section(U32(elf, at + 4), I64(elf, at + 24), I64(elf, at + 32), (int)U32(elf, at + 40));
        }
        return sections;
    }

    // The number by which symbols name the version, and where its flags are; flags below zero where the file does not ask for it.
    private static (int Index, int Flags) Entry(byte[] elf, Section[] sections)
    {
        foreach (var section in sections.Where(section => section.Type == VerNeed))
        {
            for (int at = section.Offset, next = 1; next != 0; at += next)
            {
                var entry = at + (int)U32(elf, at + 8);
                for (int i = 0, count = U16(elf, at + 2); i < count; i++, entry += (int)U32(elf, entry + 12))
                    if (Name(elf, sections[section.Link], (int)U32(elf, entry + 8)) == Version) return (U16(elf, entry + 6), entry + 4);
                next = (int)U32(elf, at + 12);
            }
        }
        return (0, -1);
    }

    private static bool OnlyMarker(byte[] elf, Section[] sections, int index)
    {
        var versions = sections.Single(section => section.Type == VerSym);
        var symbols = sections.Single(section => section.Type == DynSym);
        for (var i = 0; i < versions.Size / 2; i++)
            if ((U16(elf, versions.Offset + 2 * i) & 0x7fff) == index
                && !Name(elf, sections[symbols.Link], (int)U32(elf, symbols.Offset + 24 * i)).StartsWith(Marker, StringComparison.Ordinal)) return false;
        return true;
    }

    private static string Name(byte[] elf, Section strings, int at)
    {
        var text = elf.AsSpan(strings.Offset + at);
        return Encoding.ASCII.GetString(text[..Math.Max(0, text.IndexOf((byte)0))]);
    }

    private static ushort U16(byte[] elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));

    private static uint U32(byte[] elf, int at) => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(at));

    private static int I64(byte[] elf, int at) => (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(elf.AsSpan(at)));
}
