using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>SentencePiece's text normalisation: character map, white space, dummy prefix, space to U+2581.</summary>
internal sealed class SentencePieceNormalizer
{
    public const char Space = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly PrecompiledCharsMap? _map;
    private readonly CharTrie _userDefined;
    private readonly bool _identity;

    public SentencePieceNormalizer(SentencePieceModel model, CharTrie userDefined)
    {
        _model = model;
        _map = model.CharsMap.Length > 0 ? new PrecompiledCharsMap(model.CharsMap) : null;
        _userDefined = userDefined;
        _identity = _map is null && !model.RemoveExtraWhitespaces;
    }

    /// <summary>Normalises well-formed text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="dummyPrefix">Whether the model's dummy prefix (or suffix) is added, if it has one.</param>
    /// <param name="origins">Gets for each unit of the result where in the text it begins, and where the last one ends; null: nobody wants to know.</param>
    public string Normalize(string text, bool dummyPrefix, List<int>? origins = null)
    {
        dummyPrefix &= _model.AddDummyPrefix;
        if (text.Length == 0) return "";
        var mark = _model.EscapeWhitespaces ? Space : ' ';
        if (_identity && !_model.WhitespaceAsSuffix && origins is null)
        {
            return string.Create(text.Length + (dummyPrefix ? 1 : 0), (text, mark), static (span, state) =>
            {
                span[0] = state.mark;
                state.text.AsSpan().Replace(span[^state.text.Length..], ' ', state.mark);
            });
        }
        var remove = _model.RemoveExtraWhitespaces;
        var at = 0;
        while (remove && at < text.Length)
        {
            if (Next(text, at, out var consumed) is not " ") break;
            at += consumed;
        }
        if (at == text.Length) return "";
        var (result, most) = (new StringBuilder(text.Length + 8), TokenizerLimits.MostOf(text.Length));
        void Add(char c, int from)
        {
            result.Append(c);
            origins?.Add(from);
        }
        if (dummyPrefix && !_model.WhitespaceAsSuffix) Add(mark, at);
        var afterSpace = remove;
        while (at < text.Length)
        {
            var chunk = Next(text, at, out var consumed);
            while (afterSpace && chunk is [' ', ..]) chunk = chunk[1..];
            if (chunk.Length > 0)
            {
                foreach (var c in chunk) Add(c == ' ' ? mark : c, at);
                afterSpace = remove && chunk[^1] == ' ';
            }
            TokenizerLimits.Check(result.Length, most);
            at += consumed;
        }
        var ends = at;
        while (remove && result.Length > 0 && result[^1] == mark)
        {
            result.Length--;
            if (origins is null) continue;
            ends = origins[^1];
            origins.RemoveAt(origins.Count - 1);
        }
        if (dummyPrefix && _model.WhitespaceAsSuffix) Add(mark, ends);
        origins?.Add(ends);
        return result.ToString();
    }

    private ReadOnlySpan<char> Next(string text, int at, out int consumed)
    {
        // A user-defined piece is taken as it is: the character map does not see it.
        if (!_userDefined.IsEmpty && _userDefined.LongestAt(text, at, out _) is > 0 and var literal)
        {
            consumed = literal;
            return text.AsSpan(at, literal);
        }
        if (_map is not null && _map.Match(text.AsSpan(at), shortest: false, out var replacement) is > 0 and var matched)
        {
            consumed = matched;
            return replacement;
        }
        Utf16.CodePoint(text, at, out consumed);
        return text.AsSpan(at, consumed);
    }
}
