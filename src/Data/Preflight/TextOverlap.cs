using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace AlpacaCot.Data.Preflight;

/// <summary>
/// Texts that a row must not share a run of words with: 13 words in a row, as Brown et al. 2020 (GPT-3) look for test questions in training data. Words are runs of letters and digits whatever their case; a letter of a
/// script without spaces is a word.
/// </summary>
public sealed class TextOverlap
{
    /// <summary>Words of a run.</summary>
    public const int RunWords = 13;

    private readonly HashSet<ulong> _runs = [];

    /// <summary>Takes texts; those with fewer words have no runs.</summary>
    public TextOverlap(IEnumerable<string> texts)
    {
        foreach (var text in texts) _runs.UnionWith(Runs(text));
    }

    /// <summary>Whether a conversation shares a run with one of the texts.</summary>
    public bool IsIn(Conversation conversation) => _runs.Count > 0 && conversation.Turns.Any(turn => Runs(turn.Whole).Any(_runs.Contains));

    private static IEnumerable<ulong> Runs(string text)
    {
        var words = Words(text);
        for (var i = 0; i + RunWords <= words.Count; i++)
            yield return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(words).Slice(i, RunWords)));
    }

    private static List<ulong> Words(string text)
    {
        var words = new List<ulong>();
        var lower = text.ToLowerInvariant();
        for (var i = 0; i < lower.Length;)
        {
            if (!char.IsLetterOrDigit(lower[i]))
            {
                i++;
                continue;
            }
            var begin = i++;
            if (lower[begin] < '\u3000')
                while (i < lower.Length && char.IsLetterOrDigit(lower[i]) && lower[i] < '\u3000') i++;
            words.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(lower.AsSpan(begin, i - begin))));
        }
        return words;
    }
}
