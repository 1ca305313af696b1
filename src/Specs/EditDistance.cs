namespace AlpacaCot.Specs;

/// <summary>How far two words are apart.</summary>
public static class EditDistance
{
    /// <summary>Letters of the longest word that is compared letter by letter. Names are shorter, and a file may hold a word of megabytes, which resembles none.</summary>
    private const int LongestWord = 256;

    /// <summary>Levenshtein's distance: how many letters must be put in, taken out or changed. Where a word has more than 256 letters: all of the longer one.</summary>
    public static int Between(string a, string b)
    {
        if (Math.Max(a.Length, b.Length) > LongestWord) return a == b ? 0 : Math.Max(a.Length, b.Length);
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(a[i - 1] == b[j - 1] ? diagonal : diagonal + 1, Math.Min(row[j], row[j - 1]) + 1));
        }
        return row[^1];
    }
}
