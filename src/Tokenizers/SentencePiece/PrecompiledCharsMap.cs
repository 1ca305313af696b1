using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's precompiled character map: a double-array trie (Darts-clone) over UTF-8 and NUL-terminated replacements.
/// Layout: u32 little-endian size of the trie in bytes, the trie, the replacements.
/// </summary>
internal sealed class PrecompiledCharsMap
{
    /// <summary>UTF-16 units of the longest key: the trie of a damaged file may run in circles.</summary>
    private const int LongestKey = 256;

    /// <summary>Bytes of the longest replacement; Unicode's longest has 33.</summary>
    private const int LongestReplacement = 256;

    private readonly uint[] _units;
    private readonly byte[] _replacements;
    private readonly ConcurrentDictionary<int, string> _decoded = new();

    /// <summary>Reads the map.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such map.</exception>
    public PrecompiledCharsMap(ReadOnlySpan<byte> blob)
    {
        var size = blob.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (size == 0 || size % 4 != 0 || size > blob.Length - 4) throw new InvalidDataException("the precompiled character map is cut off");
        _units = new uint[size / 4];
        for (var i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + 4 * i)..]);
        _replacements = blob[(int)(4 + size)..].ToArray();
    }

    /// <summary>The longest (or the shortest) key at the text's beginning: how many UTF-16 units it takes (0: none) and what replaces it.</summary>
    public int Match(ReadOnlySpan<char> text, bool shortest, out string replacement)
    {
        replacement = "";
        var (best, node) = (0, Offset(_units[0]));
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = 0; at < text.Length && at < LongestKey;)
        {
            var point = new Rune(Utf16Point(text, at, out var length));
            var count = point.EncodeToUtf8(utf8);
            foreach (var b in utf8[..count])
            {
                node ^= b;
                if (node >= _units.Length || (_units[node] & 0x800000FF) != b) return best;
                var unit = _units[node];
                node ^= Offset(unit);
                if ((unit >> 8 & 1) == 0 || node >= _units.Length) continue;
                best = at + length;
                replacement = Replacement((int)(_units[node] & 0x7FFFFFFF));
                if (shortest) return best;
            }
            at += length;
        }
        return best;
    }

    private static int Utf16Point(ReadOnlySpan<char> text, int at, out int length) => Text.Utf16.CodePoint(text, at, out length);

    private static int Offset(uint unit) => (int)((unit >> 10) << (int)((unit & (1u << 9)) >> 6));

    private string Replacement(int at) => _decoded.GetOrAdd(at, static (start, map) =>
    {
        var rest = map._replacements.AsSpan(Math.Min(start, map._replacements.Length));
        var end = rest.IndexOf((byte)0);
        if (end < 0) end = rest.Length;
        return end <= LongestReplacement ? Encoding.UTF8.GetString(rest[..end]) : throw new TokenizerException($"the precompiled character map has a replacement of {end} bytes, more than {LongestReplacement}");
    }, this);
}
