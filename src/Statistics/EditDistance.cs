namespace AlpacaCot.Statistics;

/// <summary>
/// Levenshtein's distance: the fewest insertions, deletions and substitutions that turn one sequence into another, and the error rate made of it.
/// </summary>
public static class EditDistance
{
    /// <summary>The distance between two texts, in characters (Unicode code points, not UTF-16 units).</summary>
    public static int Characters(string a, string b) => Between<int>(CodePoints(a), CodePoints(b));

    /// <summary>Number of characters (code points) of a text.</summary>
    public static int Length(string text)
    {
        var n = 0;
        foreach (var _ in text.EnumerateRunes()) n++;
        return n;
    }

    /// <summary>
    /// Character error rate over a corpus: Σ distance / Σ reference characters; it may exceed 1. With no reference characters it is 0 where nothing
    /// was predicted, else infinite.
    /// Goat's digit match (Liu and Low 2023, arXiv:2305.14201) is 1 − this over answers.
    /// </summary>
    public static double CharacterErrorRate(IEnumerable<(string Prediction, string Reference)> pairs)
    {
        long edits = 0, length = 0;
        foreach (var (prediction, reference) in pairs)
        {
            edits += Characters(prediction, reference);
            length += Length(reference);
        }
        return length == 0 ? (edits == 0 ? 0 : double.PositiveInfinity) : (double)edits / length;
    }

    /// <summary>The distance between two sequences. Time is the product of their lengths, memory the shorter one's length.</summary>
    public static int Between<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : IEquatable<T>
    {
        if (a.Length < b.Length)
        {
            var longer = b;
            b = a;
            a = longer;
        }
        var start = a.CommonPrefixLength(b);
        a = a[start..];
        b = b[start..];
        while (b.Length > 0 && a[^1].Equals(b[^1]))
        {
            a = a[..^1];
            b = b[..^1];
        }

        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = a[i - 1].Equals(b[j - 1]) ? diagonal : diagonal + 1;
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }

    private static int[] CodePoints(string text)
    {
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) points.Add(rune.Value);
        return [.. points];
    }
}
