using System.Runtime.InteropServices;

namespace AlpacaCot.Tokenizers.Training;

/// <summary>A piece of text within which pairs are merged, as symbols, and how often it occurs.</summary>
internal sealed record CountedWord(List<int> Symbols, long Count);

/// <summary>
/// Byte pair encoding's learning (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes one symbol, of equals the pair with the lower ids.
/// </summary>
internal static class BpeLearner
{
    /// <summary>Learns merges until there are as many tokens as wanted.</summary>
    /// <param name="words">The words; their symbols are replaced as pairs are merged.</param>
    /// <param name="tokens">The text of each symbol; gets that of each new one.</param>
    /// <param name="size">Tokens wanted.</param>
    /// <param name="minimumCount">A pair that occurs less often is not merged.</param>
    /// <param name="longest">Characters of a token at most.</param>
    /// <returns>The merges in order; two ways to one text make one token.</returns>
    public static List<(int Left, int Right)> Learn(IReadOnlyList<CountedWord> words, List<string> tokens, int size, int minimumCount, int longest = int.MaxValue)
    {
        var (counts, where) = (new Dictionary<long, long>(), new Dictionary<long, HashSet<int>>());
        for (var w = 0; w < words.Count; w++)
            for (var i = 0; i + 1 < words[w].Symbols.Count; i++) Add(words[w].Symbols[i], words[w].Symbols[i + 1], words[w].Count, w);
        var queue = new PriorityQueue<long, (long, long)>(counts.Select(pair => (pair.Key, (-pair.Value, pair.Key))));
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < tokens.Count; id++) ids.TryAdd(tokens[id], id);
        var merges = new List<(int, int)>();
        while (tokens.Count < size && queue.TryDequeue(out var pair, out var priority))
        {
            // Counts change while an entry waits; one that is out of date goes back with its new count.
            var count = counts.GetValueOrDefault(pair);
            if (count != -priority.Item1)
            {
                if (count > 0) queue.Enqueue(pair, (-count, pair));
                continue;
            }
            if (count < minimumCount) break;
            var (left, right) = ((int)(pair >> 32), (int)pair);
            var text = tokens[left] + tokens[right];
            if (text.Length > longest) continue;
            merges.Add((left, right));
            if (!ids.TryGetValue(text, out var merged))
            {
                ids[text] = merged = tokens.Count;
                tokens.Add(text);
            }
            var grown = new HashSet<long>();
            foreach (var w in where[pair].Order())
            {
                var symbols = words[w].Symbols;
                for (var i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] != left || symbols[i + 1] != right) continue;
                    if (i > 0) Add(symbols[i - 1], left, -words[w].Count, w);
                    if (i + 2 < symbols.Count) Add(right, symbols[i + 2], -words[w].Count, w);
                    symbols[i] = merged;
                    symbols.RemoveAt(i + 1);
                    if (i > 0) grown.Add(Add(symbols[i - 1], merged, words[w].Count, w));
                    if (i + 1 < symbols.Count) grown.Add(Add(merged, symbols[i + 1], words[w].Count, w));
                }
            }
            counts.Remove(pair);
            where.Remove(pair);
            foreach (var changed in grown) queue.Enqueue(changed, (-counts.GetValueOrDefault(changed), changed));
        }
        return merges;

        long Add(int left, int right, long count, int word)
        {
            var key = ((long)left << 32) | (uint)right;
            CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _) += count;
            if (count > 0) (CollectionsMarshal.GetValueRefOrAddDefault(where, key, out _) ??= []).Add(word);
            return key;
        }
    }
}
