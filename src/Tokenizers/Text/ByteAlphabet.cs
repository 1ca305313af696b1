namespace AlpacaCot.Tokenizers.Text;

/// <summary>
/// The printable stand-ins that byte-level BPE writes for bytes (Radford et al. 2019): bytes 33–126, 161–172 and 174–255 stand for themselves, the
/// others, in order, are U+0100, U+0101, … (a space is <c>Ġ</c>).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] _characters = Characters();
    private static readonly short[] _bytes = Bytes();

    /// <summary>The stand-in of a byte.</summary>
    public static char Character(byte value) => _characters[value];

    /// <summary>The byte a character stands for, or -1.</summary>
    public static int Byte(char character) => character < _bytes.Length ? _bytes[character] : -1;

    private static char[] Characters()
    {
        var characters = new char[256];
        var next = '\u0100';
        for (var b = 0; b < 256; b++) characters[b] = b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? (char)b : next++;
        return characters;
    }

    private static short[] Bytes()
    {
        var bytes = new short[Characters().Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var b = 0; b < 256; b++) bytes[_characters[b]] = (short)b;
        return bytes;
    }
}
