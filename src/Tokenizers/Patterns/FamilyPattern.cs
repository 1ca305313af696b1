using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>
/// The split patterns of the large families as scanners over code points: GPT-2's, and the form of cl100k with up to n digits a piece (LLaMA-3: 3,
/// Qwen: 1). They match at every position, so a text is cut into pieces without gaps.
/// </summary>
internal sealed class FamilyPattern : ISplitPattern
{
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const byte Letter = 1;
    private const byte Number = 2;
    private const byte White = 4;
    private static readonly byte[] _classes = Classes();
    private readonly int _digits;

    private FamilyPattern(int digits) => _digits = digits;

    /// <summary>The scanner for a pattern, or null where it is none of those.</summary>
    public static FamilyPattern? Of(string pattern) => pattern switch
    {
        Gpt2 => new FamilyPattern(0),
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" => new FamilyPattern(3),
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" => new FamilyPattern(1),
        _ => null,
    };

    /// <summary>The form of cl100k with up to so many digits a piece.</summary>
    public static FamilyPattern Cl100k(int digits) => new(digits);

    public bool Find(ReadOnlySpan<char> text, int from, out int begin, out int end)
    {
        (begin, end) = (from, from);
        if (from >= text.Length) return false;
        end = _digits == 0 ? EndGpt2(text, from) : EndCl100k(text, from, _digits);
        return true;
    }

    private static int EndGpt2(ReadOnlySpan<char> text, int at)
    {
        var c = text[at];
        if (c == '\'' && Contraction(text[(at + 1)..], anyCase: false) is > 0 and var contraction) return at + 1 + contraction;
        var begin = c == ' ' && at + 1 < text.Length ? at + 1 : at;
        var kind = Class(text, begin, out _);
        if (kind == White) return EndWhite(text, at);
        return Run(text, begin, kind);
    }

    private static int EndCl100k(ReadOnlySpan<char> text, int at, int digits)
    {
        var c = text[at];
        if (c == '\'' && Contraction(text[(at + 1)..], anyCase: true) is > 0 and var contraction) return at + 1 + contraction;
        var kind = Class(text, at, out var length);
        if (kind == Letter) return Run(text, at, Letter);
        if (kind == Number)
        {
            var end = at + length;
            for (var i = 1; i < digits && end < text.Length && Class(text, end, out length) == Number; i++) end += length;
            return end;
        }
        // One character that is no line break may stand before letters.
        if (c is not ('\r' or '\n') && at + length < text.Length && Class(text, at + length, out _) == Letter) return Run(text, at + length, Letter);
        var begin = c == ' ' && at + 1 < text.Length ? at + 1 : at;
        if (Class(text, begin, out _) == 0)
        {
            var end = Run(text, begin, 0);
            while (end < text.Length && text[end] is '\r' or '\n') end++;
            return end;
        }
        var white = Run(text, at, White);
        var newline = text[at..white].LastIndexOfAny('\r', '\n');
        return newline >= 0 ? at + newline + 1 : EndWhite(text, at);
    }

    /// <summary>\s+(?!\S)|\s+: white space, less its last character where something follows.</summary>
    private static int EndWhite(ReadOnlySpan<char> text, int at)
    {
        var end = Run(text, at, White);
        return end < text.Length && end - at > 1 ? end - 1 : end;
    }

    private static int Run(ReadOnlySpan<char> text, int at, byte kind)
    {
        while (at < text.Length)
        {
            var c = text[at];
            if (!char.IsHighSurrogate(c))
            {
                if (_classes[c] != kind) return at;
                at++;
            }
            else
            {
                if (Class(text, at, out var length) != kind) return at;
                at += length;
            }
        }
        return at;
    }

    private static byte Class(ReadOnlySpan<char> text, int at, out int length)
    {
        var c = text[at];
        length = 1;
        return char.IsHighSurrogate(c) ? Class(Utf16.CodePoint(text, at, out length)) : _classes[c];
    }

    private static byte Class(int point) => CharClass.IsLetter(point) ? Letter : CharClass.IsNumber(point) ? Number : CharClass.IsSpace(point) ? White : (byte)0;

    private static int Contraction(ReadOnlySpan<char> text, bool anyCase)
    {
        if (text.Length == 0) return 0;
        var first = anyCase ? Fold(text[0]) : text[0];
        if (first is 's' or 't' or 'm' or 'd') return 1;
        if (text.Length < 2) return 0;
        var second = anyCase ? Fold(text[1]) : text[1];
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 2 : 0;
    }

    // U+017F is an s without regard to case.
    private static char Fold(char c) => c == '\u017F' ? 's' : char.ToLowerInvariant(c);

    private static byte[] Classes()
    {
        var classes = new byte[char.MaxValue + 1];
        for (var i = 0; i < classes.Length; i++) classes[i] = Class(i);
        return classes;
    }
}
