using System.Globalization;

namespace AlpacaCot.Tokenizers.Text;

/// <summary>Byte tokens: <c>&lt;0x0A&gt;</c>.</summary>
internal static class ByteTokens
{
    /// <summary>A byte token's value, or -1.</summary>
    public static int Value(ReadOnlySpan<char> token)
        => token is ['<', '0', 'x', _, _, '>']
            && byte.TryParse(token.Slice(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : -1;

    /// <summary>The ids of all byte tokens in a vocabulary, -1 for those that it lacks.</summary>
    public static int[] Ids(IReadOnlyDictionary<string, int> vocabulary)
        => [.. Enumerable.Range(0, 256).Select(value => vocabulary.TryGetValue(Name(value), out var id) ? id : -1)];

    /// <summary>The token of a byte.</summary>
    public static string Name(int value) => $"<0x{value:X2}>";
}
