using System.Globalization;

namespace AlpacaCot.Tokenizers.Text;

/// <summary>Classes of code points by their Unicode general category. Surrogate pairs are one code point here, as in the reference engines.</summary>
internal static class CharClass
{
    private static readonly byte[] _categories = Categories();

    /// <summary>The general category.</summary>
    public static UnicodeCategory Category(int codePoint)
        => codePoint <= char.MaxValue ? (UnicodeCategory)_categories[codePoint] : CharUnicodeInfo.GetUnicodeCategory(codePoint);

    /// <summary>Whether a set of categories (bit n = category n) holds a code point.</summary>
    public static bool In(int codePoint, uint categories) => (categories >> (int)Category(codePoint) & 1) != 0;

    /// <summary>\p{L}</summary>
    public static bool IsLetter(int codePoint) => In(codePoint, Letters);

    /// <summary>\p{N}</summary>
    public static bool IsNumber(int codePoint) => In(codePoint, Numbers);

    /// <summary>\s: Unicode White_Space. All of it lies in the basic plane.</summary>
    public static bool IsSpace(int codePoint) => codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint);

    /// <summary>\w: alphabetic, marks, decimal digits, connector punctuation, join controls.</summary>
    public static bool IsWord(int codePoint)
        => In(codePoint, WordCategories)
            || codePoint is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9)
                or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    /// <summary>ASCII punctuation and symbols, and \p{P}.</summary>
    public static bool IsPunctuation(int codePoint)
        => codePoint < 128 ? char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint) : In(codePoint, Punctuation);

    private const uint WordCategories = Letters | Marks | 1u << (int)UnicodeCategory.DecimalDigitNumber | 1u << (int)UnicodeCategory.LetterNumber
        | 1u << (int)UnicodeCategory.ConnectorPunctuation;

    public const uint Letters = 0x1F;
    public const uint Marks = 0xE0;
    public const uint Numbers = 0x700;
    public const uint Separators = 0x3800;
    public const uint Others = 0x2003C000;
    public const uint Punctuation = 0x1FC0000;
    public const uint Symbols = 0x1E000000;

    private static byte[] Categories()
    {
        var categories = new byte[char.MaxValue + 1];
        for (var i = 0; i < categories.Length; i++) categories[i] = (byte)CharUnicodeInfo.GetUnicodeCategory((char)i);
        return categories;
    }
}
