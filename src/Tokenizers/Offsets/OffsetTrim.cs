using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Offsets;

/// <summary>Leaves the spaces at the ends of a token out of its offsets (<c>trim_offsets</c> of byte-level post-processors).</summary>
/// <param name="AddedPrefix">The pre-tokenizer may have put a space in front of the first token, which takes nothing from its offsets.</param>
internal sealed record OffsetTrim(bool AddedPrefix)
{
    private static readonly char _space = ByteAlphabet.Character((byte)' ');

    /// <summary>The offsets of a token without its spaces, each of which takes one character.</summary>
    /// <param name="span">The token.</param>
    /// <param name="token">Its text, as the vocabulary or the text itself writes it.</param>
    /// <param name="first">It is the first token of the text.</param>
    /// <param name="text">The text that the offsets are of.</param>
    public TokenSpan Apply(TokenSpan span, string token, bool first, string text)
    {
        var leading = token.TakeWhile(IsSpace).Count();
        var trailing = token.Reverse().TakeWhile(IsSpace).Count();
        // One space in front may have been put there; of several none was.
        if (AddedPrefix && leading == 1 && (first || span.Begin == 0)) leading = 0;
        var (begin, end) = (span.Begin, span.End);
        for (; leading > 0 && begin < span.End; leading--) begin += char.IsHighSurrogate(text[begin]) ? 2 : 1;
        for (; trailing > 0 && end > begin; trailing--) end -= char.IsLowSurrogate(text[end - 1]) ? 2 : 1;
        return span with { Begin = begin, End = end };
    }

    private static bool IsSpace(char c) => c == _space || char.IsWhiteSpace(c);
}
