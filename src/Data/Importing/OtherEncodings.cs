using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace AlpacaCot.Data.Importing;

/// <summary>Tells in which encoding bytes could be that are not UTF-8, for whoever has to convert the file.</summary>
internal static class OtherEncodings
{
    // In this order: what is Korean under the first is rarely anything else, and Chinese is none of what the first two take for usual.
    private static readonly (string Name, Encoding Encoding, Func<Rune, bool> IsUsual, bool HasWordsOfItsOwn)[] _known =
    [
        ("EUC-KR", Of("euc-kr"), rune => rune.Value is >= 0xAC00 and < 0xD7B0, false),
        ("Shift-JIS", Of("shift_jis"), rune => rune.Value is >= 0x3000 and < 0x3100 or >= 0x4E00 and < 0xA000, false),
        ("GB18030", Of("GB18030"), rune => rune.Value is >= 0x4E00 and < 0xA000 or >= 0x3000 and < 0x3020 or >= 0xFF00 and < 0xFFF0 or >= 0x2010 and < 0x2030, false),
        ("Windows-1251", Of("windows-1251"), rune => rune.Value is >= 0x410 and < 0x450, true),
        ("Windows-1252", Of("windows-1252"), rune => rune.Value is >= 0xC0 and < 0x100 or >= 0x2010 and < 0x2030, false),
    ];

    private const int LongestLine = 1 << 20;

    /// <summary>The refusal of a file that is read as a whole and is not UTF-8: the first line that is none, and what it may be instead.</summary>
    public static DatasetException Refusal(TextFile file, DecoderFallbackException reason)
    {
        using var stream = SourceText.Open(file);
        var (buffer, line, number) = (new byte[1 << 16], new List<byte>(), 1L);
        for (int count; (count = stream.Read(buffer)) > 0;)
            foreach (var value in buffer.AsSpan(0, count))
                if (value != (byte)'\n')
                {
                    // What is wrong with a line as long as that is told without it.
                    if (line.Count < LongestLine) line.Add(value);
                }
                else
                {
                    if (IsWrong(line)) return At(line);
                    line.Clear();
                    number++;
                }
        return IsWrong(line) ? At(line) : new DatasetException($"{file}: {file.Encoding.Mistake([])}", reason);

        static bool IsWrong(List<byte> line) => line.Count < LongestLine && !Utf8.IsValid(CollectionsMarshal.AsSpan(line));
        DatasetException At(List<byte> line) => new(string.Create(CultureInfo.InvariantCulture, $"{file}: line {number}: {file.Encoding.Mistake(CollectionsMarshal.AsSpan(line))}"), reason);
    }

    /// <summary>The encoding under which all letters beyond ASCII are usual ones, or null where there is none.</summary>
    public static string? Guess(ReadOnlySpan<byte> bytes)
    {
        foreach (var (name, encoding, isUsual, hasWordsOfItsOwn) in _known)
        {
            try
            {
                var (beyond, all, mixed, before) = (0, true, false, default(Rune));
                foreach (var rune in encoding.GetString(bytes).EnumerateRunes())
                {
                    if (!rune.IsAscii)
                    {
                        beyond++;
                        all &= isUsual(rune);
                    }
                    // An accent stands among letters without one; letters of another alphabet do not.
                    mixed |= rune.IsAscii != before.IsAscii && Rune.IsLetter(rune) && Rune.IsLetter(before);
                    before = rune;
                }
                if (all && beyond > 0 && !(hasWordsOfItsOwn && mixed)) return name;
            }
            catch (DecoderFallbackException)
            {
            }
        }
        return null;
    }

    /// <summary>The encoding of a text that has zeros where texts of two or four bytes a character have them; null where it is none.</summary>
    public static string? GuessWide(ReadOnlySpan<byte> head)
    {
        if (head.Length < 8) return null;
        Span<int> zeros = stackalloc int[4];
        var length = head.Length / 4 * 4;
        for (var i = 0; i < length; i++)
            if (head[i] == 0) zeros[i % 4]++;
        var most = length / 4 * 9 / 10;
        if (zeros[2] >= most && zeros[3] >= most && zeros[0] < most / 4) return "UTF-32LE";
        if (zeros[0] >= most && zeros[1] >= most && zeros[3] < most / 4) return "UTF-32BE";
        // Rows are written with brackets, quotes and spaces, whatever their language. A few characters of other scripts have a zero in their lower half.
        var (upper, lower) = (zeros[1] + zeros[3], zeros[0] + zeros[2]);
        if (Math.Max(upper, lower) < Math.Max(8, length / 40)) return null;
        return upper > 4 * lower ? "UTF-16LE" : lower > 4 * upper ? "UTF-16BE" : null;
    }

    private static Encoding Of(string name) => CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? throw new InvalidOperationException($"the runtime has no encoding {name}");
}
