namespace AlpacaCot.Statistics;

/// <summary>Levenshtein distance over characters (Unicode code points, not UTF-16 units), and the character error rate made of it.</summary>
public static class EditDistance
{
    /// <summary>Fewest insertions, deletions and substitutions that turn one text into the other.</summary>
    public static int Characters(string prediction, string reference) => Between(Runes(prediction), Runes(reference));

    /// <summary>Number of characters (code points) of a text.</summary>
    public static int Length(string text)
    {
        var n = 0;
        foreach (var _ in text.EnumerateRunes()) n++;
        return n;
    }

    /// <summary>
    /// Character error rate over a corpus: Σ distance / Σ reference characters. May exceed 1.
    /// Goat's digit match (Liu and Low, 2023) is 1 − CER over answers.
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

    private static int Between(int[] a, int[] b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }

    private static int[] Runes(string text) => [.. text.EnumerateRunes().Select(r => r.Value)];
}
