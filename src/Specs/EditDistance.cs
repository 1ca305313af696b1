namespace AlpacaCot.Specs;

/// <summary>How far two words are apart.</summary>
public static class EditDistance
{
    /// <summary>Letters of the longest word that is compared letter by letter. Names are shorter, and a file may hold a word of megabytes, which resembles none.</summary>
    private const int LongestWord = 256;

    /// <summary>
    /// How many letters must be put in, taken out, changed, or exchanged with their neighbour: the commonest slips of typing, each counted once. Where a word has more than 256 letters: all of the longer one.
    /// </summary>
    public static int Between(string a, string b)
    {
        if (Math.Max(a.Length, b.Length) > LongestWord) return a == b ? 0 : Math.Max(a.Length, b.Length);
        int[] before = [], last = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, last) = (last, row);
        }
        return last[^1];
    }
}
