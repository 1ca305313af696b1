using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>What becomes of a match, as tokenizer.json names it.</summary>
internal enum SplitBehavior
{
    /// <summary>A piece of its own.</summary>
    Isolated,

    /// <summary>Dropped.</summary>
    Removed,

    /// <summary>Part of the piece before.</summary>
    MergedWithPrevious,

    /// <summary>Part of the piece after.</summary>
    MergedWithNext,

    /// <summary>One piece with the matches beside it.</summary>
    Contiguous,
}

/// <summary>Cuts pieces at the matches of a pattern.</summary>
internal sealed class Splitter(ISplitPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    [ThreadStatic]
    private static List<(int Begin, int End, bool Match)>? _parts;

    public void Apply(Pieces pieces)
    {
        var parts = _parts ??= [];
        foreach (var range in pieces.Ranges)
        {
            var text = pieces[range];
            if (behavior == SplitBehavior.Isolated) Isolate(text, range, pieces);
            else
            {
                parts.Clear();
                Cut(text, parts);
                Keep(parts, range, pieces);
            }
        }
        pieces.EndCut();
    }

    private void Isolate(ReadOnlySpan<char> text, PieceRange range, Pieces pieces)
    {
        var at = 0;
        for (var from = 0; pattern.Find(text, from, out var begin, out var end);)
        {
            pieces.Keep(range, at, begin);
            pieces.Keep(range, begin, end);
            at = end;
            from = end > begin ? end : After(text, end);
            if (from < 0) break;
        }
        pieces.Keep(range, at, text.Length);
    }

    /// <summary>All of the text as matches and what lies between them.</summary>
    private void Cut(ReadOnlySpan<char> text, List<(int Begin, int End, bool Match)> parts)
    {
        var at = 0;
        for (var from = 0; pattern.Find(text, from, out var begin, out var end);)
        {
            if (begin > at) parts.Add((at, begin, invert));
            parts.Add((begin, end, !invert));
            at = end;
            from = end > begin ? end : After(text, end);
            if (from < 0) break;
        }
        if (at < text.Length) parts.Add((at, text.Length, invert));
    }

    private void Keep(List<(int Begin, int End, bool Match)> parts, PieceRange range, Pieces pieces)
    {
        var begin = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            var (from, to, match) = parts[i];
            var (follows, after) = (i > 0 && parts[i - 1].Match, i + 1 < parts.Count && parts[i + 1].Match);
            switch (behavior)
            {
                case SplitBehavior.Removed:
                    if (!match) pieces.Keep(range, from, to);
                    break;
                case SplitBehavior.Contiguous:
                    if (i == 0 || follows != match) begin = from;
                    if (i + 1 == parts.Count || after != match) pieces.Keep(range, begin, to);
                    break;
                case SplitBehavior.MergedWithPrevious:
                    // The first match after other text joins it; further ones stand alone.
                    if (!(match && i > 0 && !follows)) begin = from;
                    if (i + 1 == parts.Count || match || !after) pieces.Keep(range, begin, to);
                    break;
                case SplitBehavior.MergedWithNext:
                    if (!(!match && follows)) begin = from;
                    if (!(match && i + 1 < parts.Count && !after)) pieces.Keep(range, begin, to);
                    break;
            }
        }
    }

    private static int After(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length) return -1;
        Utf16.CodePoint(text, at, out var length);
        return at + length;
    }
}
