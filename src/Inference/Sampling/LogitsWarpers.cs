using System.Buffers;

namespace AlpacaCot.Inference.Sampling;

/// <summary>
/// What sampling does to a row of scores <c>[vocabulary]</c> before the draw, as the field's reference does it (transformers' logits warpers): −∞ is a removed token.
/// Each works in place and keeps at least <c>keep</c> tokens.
/// </summary>
internal static class LogitsWarpers
{
    // transformers' TopHLogitsWarper looks at so many tokens.
    private const int TopHTokens = 100;

    /// <summary>s / t.</summary>
    public static void Temperature(Span<float> scores, double temperature)
    {
        var t = (float)temperature;
        foreach (ref var score in scores) score /= t;
    }

    /// <summary>Removes what is less likely than the k-th; ties with it stay.</summary>
    public static void TopK(Span<float> scores, int k, int keep = 1)
    {
        k = Math.Min(Math.Max(k, keep), scores.Length);
        if (k <= 0 || k == scores.Length) return;
        RemoveBelow(scores, KthLargest(scores, k));
    }

    /// <summary>Removes a token if its mass and that of all less likely ones come to ≤ 1 − p, so the token that crosses p stays.</summary>
    public static void TopP(Span<float> scores, double p, int keep = 1)
    {
        if (p >= 1) return;
        var order = Ascending(scores);
        var norm = LogitsProcessors.LogSum(scores);
        double mass = 0;
        for (var i = 0; i < order.Length - Math.Max(1, keep); i++)
        {
            mass += Math.Exp(scores[order[i]] - norm);
            if (mass > 1 - p) break;
            scores[order[i]] = float.NegativeInfinity;
        }
    }

    /// <summary>Removes tokens less than <paramref name="p"/> times as likely as the likeliest.</summary>
    public static void MinP(Span<float> scores, double p, int keep = 1)
    {
        var norm = LogitsProcessors.LogSum(scores);
        var largest = float.NegativeInfinity;
        foreach (var score in scores) largest = Math.Max(largest, score);
        RemoveUnlikely(scores, p * Math.Exp(largest - norm), norm, keep);
    }

    /// <summary>
    /// Keeps the most likely tokens while the sum of their −p·log p is at most <paramref name="part"/> of the entropy, both among the hundred most likely ones; the first always stays.
    /// </summary>
    public static void TopH(Span<float> scores, double part)
    {
        var order = Ascending(scores);
        var first = Math.Max(0, order.Length - TopHTokens);
        if (order.Length == 0) return;
        var kept = order.AsSpan(first);
        var top = scores[kept[^1]];
        double sum = 0;
        foreach (var id in kept) sum += Math.Exp(scores[id] - top);
        double Term(float score)
        {
            var p = Math.Exp(score - top) / sum;
            return p > 0 ? -p * Math.Log(p) : 0;
        }
        double entropy = 0;
        foreach (var id in kept) entropy += Term(scores[id]);
        double used = 0;
        var stays = kept.Length - 1;
        for (var i = kept.Length - 1; i >= 0; i--)
        {
            used += Term(scores[kept[i]]);
            if (used > part * entropy) break;
            stays = i;
        }
        for (var i = 0; i < first + stays; i++) scores[order[i]] = float.NegativeInfinity;
    }

    /// <summary>
    /// Keeps the tokens whose |−log p − entropy| is smallest, up to and including the first at which their mass reaches <paramref name="mass"/>, and what ties with it.
    /// </summary>
    public static void Typical(Span<float> scores, double mass, int keep = 1)
    {
        var norm = LogitsProcessors.LogSum(scores);
        var entropy = Entropy(scores, norm);
        var ids = new List<int>();
        for (var i = 0; i < scores.Length; i++)
            if (!float.IsNegativeInfinity(scores[i])) ids.Add(i);
        if (ids.Count == 0) return;
        int[] order = [.. ids];
        // In the reference's precision, so that what ties there ties here.
        var distances = new float[order.Length];
        for (var i = 0; i < order.Length; i++) distances[i] = Math.Abs((float)(norm - scores[order[i]]) - (float)entropy);
        Array.Sort(distances, order);
        double reached = 0;
        var last = 0;
        for (; last < order.Length - 1; last++)
        {
            reached += Math.Exp(scores[order[last]] - norm);
            if (reached >= mass) break;
        }
        for (var i = Math.Max(keep, last + 1); i < order.Length; i++)
            if (distances[i] > distances[last]) scores[order[i]] = float.NegativeInfinity;
    }

    /// <summary>Removes tokens less likely than <paramref name="epsilon"/>.</summary>
    public static void Epsilon(Span<float> scores, double epsilon, int keep = 1) => RemoveUnlikely(scores, epsilon, LogitsProcessors.LogSum(scores), keep);

    /// <summary>Removes tokens less likely than min(ε, √ε · e^(−entropy)).</summary>
    public static void Eta(Span<float> scores, double epsilon, int keep = 1)
    {
        var norm = LogitsProcessors.LogSum(scores);
        RemoveUnlikely(scores, Math.Min(epsilon, Math.Sqrt(epsilon) * Math.Exp(-Entropy(scores, norm))), norm, keep);
    }

    private static void RemoveUnlikely(Span<float> scores, double probability, double norm, int keep)
    {
        var floor = KthLargest(scores, Math.Min(Math.Max(1, keep), scores.Length));
        foreach (ref var score in scores)
            if (score < floor && Math.Exp(score - norm) < probability) score = float.NegativeInfinity;
    }

    private static void RemoveBelow(Span<float> scores, float floor)
    {
        foreach (ref var score in scores)
            if (score < floor) score = float.NegativeInfinity;
    }

    private static double Entropy(ReadOnlySpan<float> scores, double norm)
    {
        double entropy = 0;
        foreach (var score in scores)
        {
            var log = score - norm;
            var p = Math.Exp(log);
            if (p > 0) entropy -= p * log;
        }
        return entropy;
    }

    /// <summary>Ids of the tokens that are left, the least likely first; of equal scores the smaller id comes first.</summary>
    private static int[] Ascending(ReadOnlySpan<float> scores)
    {
        var keys = ArrayPool<ulong>.Shared.Rent(scores.Length);
        var count = 0;
        for (var id = 0; id < scores.Length; id++)
            if (!float.IsNegativeInfinity(scores[id])) keys[count++] = ((ulong)Sortable(scores[id]) << 32) | (uint)id;
        // Numbers are sorted much faster than by a comparison of ours.
        keys.AsSpan(0, count).Sort();
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = (int)(uint)keys[i];
        ArrayPool<ulong>.Shared.Return(keys);
        return order;
    }

    /// <summary>Unsigned numbers in the order of the floats.</summary>
    private static uint Sortable(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value == 0 ? 0f : value);
        return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }

    /// <summary>The k-th largest score (k from 1), by quickselect.</summary>
    private static float KthLargest(ReadOnlySpan<float> scores, int k)
    {
        var rented = ArrayPool<float>.Shared.Rent(scores.Length);
        scores.CopyTo(rented);
        var values = rented.AsSpan(0, scores.Length);
        var target = values.Length - k;
        var (low, high) = (0, values.Length - 1);
        while (low < high)
        {
            var pivot = values[low + (high - low) / 2];
            var (i, j) = (low, high);
            while (i <= j)
            {
                while (values[i] < pivot) i++;
                while (values[j] > pivot) j--;
                if (i > j) break;
                (values[i], values[j]) = (values[j], values[i]);
                i++;
                j--;
            }
            if (target <= j) high = j;
            else if (target >= i) low = i;
            else break;
        }
        var found = values[target];
        ArrayPool<float>.Shared.Return(rented);
        return found;
    }
}
