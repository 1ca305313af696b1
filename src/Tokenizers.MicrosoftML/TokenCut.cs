namespace AlpacaCot.Tokenizers.MicrosoftML;

/// <summary>
/// Where a row of tokens may be cut so that both sides are whole texts: not between tokens that share a character, and not behind a token without
/// text of its own (a dummy prefix, the first bytes of a character), which belongs to the next one.
/// </summary>
internal static class TokenCut
{
    /// <summary>The most tokens of the beginning, at most so many.</summary>
    public static int Fit(TokenSpan[] spans, int most)
    {
        var cut = Math.Min(most, spans.Length);
        while (!IsAllowed(spans, cut)) cut--;
        return cut;
    }

    /// <summary>The first of the most tokens of the end, at most so many.</summary>
    public static int FitFromEnd(TokenSpan[] spans, int most)
    {
        var cut = Math.Max(0, spans.Length - most);
        while (!IsAllowed(spans, cut)) cut++;
        return cut;
    }

    /// <summary>The index in the text of a cut between tokens; white space that no token's offsets show goes to the right side.</summary>
    public static int Place(TokenSpan[] spans, int cut, int length) => cut == spans.Length ? length : cut == 0 ? 0 : spans[cut - 1].End;

    private static bool IsAllowed(TokenSpan[] spans, int cut)
        => cut <= 0 || cut >= spans.Length || (spans[cut - 1].Begin < spans[cut - 1].End && spans[cut - 1].End <= spans[cut].Begin);
}
