namespace AlpacaCot.Statistics;

/// <summary>Levenshtein's distance: the fewest insertions, deletions and substitutions that turn one sequence into another.</summary>
public static class EditDistance
{
    /// <summary>The distance between two texts, in Unicode scalar values (code points).</summary>
    public static int Between(string a, string b) => Between<int>(CodePoints(a), CodePoints(b));

    /// <summary>The distance between two sequences. Time is their lengths' product, memory the shorter one's length.</summary>
    public static int Between<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : IEquatable<T>
    {
        if (a.Length < b.Length) { var swap = a; a = b; b = swap; }
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

    /// <summary>Character error rate: distance over the reference's length in code points. Two empty texts have 0, an empty reference alone 1.</summary>
    public static double CharacterErrorRate(string reference, string hypothesis)
        => Rate<int>(CodePoints(reference), CodePoints(hypothesis));

    /// <summary>Word error rate: distance in words (split at white space) over the reference's number of words. Two empty texts have 0, an empty reference alone 1.</summary>
    public static double WordErrorRate(string reference, string hypothesis)
        => Rate<string>(Words(reference), Words(hypothesis));

    private static double Rate<T>(ReadOnlySpan<T> reference, ReadOnlySpan<T> hypothesis) where T : IEquatable<T>
    {
        if (reference.Length == 0) return hypothesis.Length == 0 ? 0 : 1;
        return (double)Between(reference, hypothesis) / reference.Length;
    }

    private static int[] CodePoints(string text)
    {
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) points.Add(rune.Value);
        return [.. points];
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
