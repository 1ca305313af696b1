
namespace AlpacaCot.Inference.Sampling;

/// <summary>
/// What generation does to a row of scores <c>[vocabulary]</c> before the next token is chosen, as the field's reference does it
/// (transformers' logits processors); −∞ is a removed token. Each works in place.
/// </summary>
internal static class LogitsProcessors
{
    /// <summary>Each token that occurred once or more: score &lt; 0 ? s·p : s/p.</summary>
    public static void RepetitionPenalty(Span<float> scores, IEnumerable<int> seen, double penalty)
    {
        var p = (float)penalty;
        foreach (var id in seen.Distinct())
            if ((uint)id < (uint)scores.Length) scores[id] = scores[id] < 0 ? scores[id] * p : scores[id] / p;
    }

    /// <summary>s / t.</summary>
    public static void Temperature(Span<float> scores, double temperature)
    {
        var t = (float)temperature;
        for (var i = 0; i < scores.Length; i++) scores[i] /= t;
    }

    /// <summary>Removes what is less likely than the k-th; ties with it stay.</summary>
    public static void TopK(Span<float> scores, int k, int minTokensToKeep = 1)
    {
        k = Math.Min(Math.Max(k, minTokensToKeep), scores.Length);
        if (k <= 0 || k == scores.Length) return;
        var sorted = scores.ToArray();
        Array.Sort(sorted);
        var threshold = sorted[^k];
        for (var i = 0; i < scores.Length; i++)
            if (scores[i] < threshold) scores[i] = float.NegativeInfinity;
    }

    /// <summary>Removes a token if its mass and that of all less likely ones come to ≤ 1 − p, so the token that crosses p stays.</summary>
    public static void TopP(Span<float> scores, double p, int minTokensToKeep = 1)
    {
        if (p >= 1) return;
        var probabilities = Softmax(scores);
        var order = new int[scores.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        var keys = scores.ToArray();
        // A stable ascending sort: of equal scores the smaller id is removed first.
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        double mass = 0;
        for (var i = 0; i < order.Length - Math.Max(1, minTokensToKeep); i++)
        {
            mass += probabilities[order[i]];
            if (mass > 1 - p) break;
            scores[order[i]] = float.NegativeInfinity;
        }
    }

    /// <summary>softmax(scores) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> scores)
    {
        var max = double.NegativeInfinity;
        foreach (var s in scores) max = Math.Max(max, s);
        var result = new double[scores.Length];
        double sum = 0;
        for (var i = 0; i < scores.Length; i++) sum += result[i] = Math.Exp(scores[i] - max);
        for (var i = 0; i < scores.Length; i++) result[i] /= sum;
        return result;
    }
}
