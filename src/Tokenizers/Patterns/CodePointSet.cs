using System.Globalization;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>A set of code points: a predicate, remembered as bits for the basic plane, 256 code points at a time.</summary>
/// <param name="holds">The predicate.</param>
/// <param name="weight">What it costs to ask it, about as many steps as it has items.</param>
internal sealed class CodePointSet(Predicate<int> holds, int weight = 1)
{
    private readonly ulong[]?[] _blocks = new ulong[256][];

    public bool Contains(int point)
    {
        if (point > char.MaxValue) return holds(point);
        // Two threads may fill the same block: with the same bits, and a reference is written whole.
        var block = _blocks[point >> 8] ??= Fill(point & 0xFF00);
        return (block[point >> 6 & 3] >> (point & 63) & 1) != 0;
    }

    /// <summary>Steps that it costs to look a code point up.</summary>
    public int Cost(int point) => point > char.MaxValue ? weight : 1;

    /// <summary>The set that holds whatever differs only in case.</summary>
    public static Predicate<int> IgnoreCase(Predicate<int> holds) => point => holds(point) || Variants(point, holds);

    /// <summary>A property by its name in <c>\p{…}</c>: a general category or one of a few scripts; null: not known.</summary>
    public static Predicate<int>? Property(string name)
    {
        if (name.StartsWith('^')) return !name.StartsWith("^^", StringComparison.Ordinal) && Property(name[1..]) is { } not ? point => !not(point) : null;
        uint? categories = name switch
        {
            "L" or "Letter" => CharClass.Letters,
            "M" or "Mark" => CharClass.Marks,
            "N" or "Number" => CharClass.Numbers,
            "P" or "Punctuation" => CharClass.Punctuation,
            "S" or "Symbol" => CharClass.Symbols,
            "Z" or "Separator" => CharClass.Separators,
            "C" or "Other" => CharClass.Others,
            _ => Array.IndexOf(_names, name) is >= 0 and var index ? 1u << index : null,
        };
        if (categories is { } bits) return point => CharClass.In(point, bits);
        return name switch
        {
            "Alpha" or "Alphabetic" => point => CharClass.IsWord(point)
                && CharClass.Category(point) is not (UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation),
            "Space" or "White_Space" => CharClass.IsSpace,
            "Word" => CharClass.IsWord,
            "Digit" => point => CharClass.Category(point) == UnicodeCategory.DecimalDigitNumber,
            _ => _scripts.TryGetValue(name, out var ranges) ? point => InRanges(point, ranges) : null,
        };
    }

    private static readonly string[] _names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    // Scripts.txt of the Unicode Character Database, as pairs of first and last.
    private static readonly Dictionary<string, int[]> _scripts = new(StringComparer.Ordinal)
    {
        ["Han"] =
        [
            0x2E80, 0x2E99, 0x2E9B, 0x2EF3, 0x2F00, 0x2FD5, 0x3005, 0x3005, 0x3007, 0x3007, 0x3021, 0x3029, 0x3038, 0x303B, 0x3400, 0x4DBF, 0x4E00, 0x9FFF,
            0xF900, 0xFA6D, 0xFA70, 0xFAD9, 0x16FE2, 0x16FE3, 0x16FF0, 0x16FF1, 0x20000, 0x2A6DF, 0x2A700, 0x2B739, 0x2B740, 0x2B81D, 0x2B820, 0x2CEA1,
            0x2CEB0, 0x2EBE0, 0x2EBF0, 0x2EE5D, 0x2F800, 0x2FA1D, 0x30000, 0x3134A, 0x31350, 0x323AF,
        ],
        ["Hiragana"] = [0x3041, 0x3096, 0x309D, 0x309F, 0x1B001, 0x1B11F, 0x1B132, 0x1B132, 0x1B150, 0x1B152, 0x1F200, 0x1F200],
        ["Katakana"] =
        [
            0x30A1, 0x30FA, 0x30FD, 0x30FF, 0x31F0, 0x31FF, 0x32D0, 0x32FE, 0x3300, 0x3357, 0xFF66, 0xFF6F, 0xFF71, 0xFF9D, 0x1AFF0, 0x1AFF3,
            0x1AFF5, 0x1AFFB, 0x1AFFD, 0x1AFFE, 0x1B000, 0x1B000, 0x1B120, 0x1B122, 0x1B155, 0x1B155, 0x1B164, 0x1B167,
        ],
        ["Hangul"] =
        [
            0x1100, 0x11FF, 0x302E, 0x302F, 0x3131, 0x318E, 0x3200, 0x321E, 0x3260, 0x327E, 0xA960, 0xA97C, 0xAC00, 0xD7A3, 0xD7B0, 0xD7C6,
            0xD7CB, 0xD7FB, 0xFFA0, 0xFFBE, 0xFFC2, 0xFFC7, 0xFFCA, 0xFFCF, 0xFFD2, 0xFFD7, 0xFFDA, 0xFFDC,
        ],
    };

    private static bool InRanges(int point, int[] ranges)
    {
        for (var i = 0; i < ranges.Length; i += 2)
            if (point >= ranges[i] && point <= ranges[i + 1]) return true;
        return false;
    }

    private static bool Variants(int point, Predicate<int> holds)
    {
        if (point is >= 0xD800 and <= 0xDFFF) return false;
        var rune = new System.Text.Rune(point);
        var (lower, upper) = (System.Text.Rune.ToLowerInvariant(rune).Value, System.Text.Rune.ToUpperInvariant(rune).Value);
        if (holds(lower) || holds(upper)) return true;
        // Simple case folding beyond lower and upper: long s, Kelvin sign, Ångström sign.
        return lower switch { 's' => holds(0x17F), 'k' => holds(0x212A), 0xE5 => holds(0x212B), 0x17F => holds('s'), _ => false };
    }

    private ulong[] Fill(int first)
    {
        var block = new ulong[4];
        for (var i = 0; i < 256; i++)
            if (holds(first + i)) block[i >> 6] |= 1UL << (i & 63);
        return block;
    }
}
