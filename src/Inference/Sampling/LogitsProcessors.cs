namespace AlpacaCot.Inference.Sampling;

/// <summary>
/// What generation does to a row of scores <c>[vocabulary]</c> whether it samples or not, as the field's reference does it (transformers' logits processors);
/// −∞ is a removed token. Each works in place.
/// </summary>
internal static class LogitsProcessors
{
    private const float Removed = float.NegativeInfinity;

    /// <summary>The bias of each sequence on its last token, where the tokens before it stand at the end of the context.</summary>
    public static void SequenceBias(Span<float> scores, ReadOnlySpan<int> context, IReadOnlyList<int> ids, double bias)
    {
        var before = ids.Count - 1;
        if (before > context.Length || (uint)ids[before] >= (uint)scores.Length) return;
        for (var i = 0; i < before; i++)
            if (context[context.Length - before + i] != ids[i]) return;
        scores[ids[before]] += (float)bias;
    }

    /// <summary>Each token that occurred once or more: score &lt; 0 ? s·p : s/p.</summary>
    public static void RepetitionPenalty(Span<float> scores, ReadOnlySpan<int> context, double penalty)
    {
        var p = (float)penalty;
        var seen = new HashSet<int>();
        foreach (var id in context)
            if ((uint)id < (uint)scores.Length && seen.Add(id)) scores[id] = scores[id] < 0 ? scores[id] * p : scores[id] / p;
    }

    /// <summary>Removes every token that would complete a run of <paramref name="size"/> tokens that the context holds already.</summary>
    public static void NoRepeatNgram(Span<float> scores, ReadOnlySpan<int> context, int size)
    {
        var before = size - 1;
        if (context.Length < size) return;
        var end = context[^before..];
        for (var at = 0; at + before < context.Length; at++)
            if (context.Slice(at, before).SequenceEqual(end) && (uint)context[at + before] < (uint)scores.Length) scores[context[at + before]] = Removed;
    }

    /// <summary>Removes tokens.</summary>
    public static void Suppress(Span<float> scores, IEnumerable<int> ids)
    {
        foreach (var id in ids)
            if ((uint)id < (uint)scores.Length) scores[id] = Removed;
    }

    /// <summary>Removes all tokens but these, whose scores become 0.</summary>
    public static void Force(Span<float> scores, IEnumerable<int> ids)
    {
        scores.Fill(Removed);
        foreach (var id in ids)
            if ((uint)id < (uint)scores.Length) scores[id] = 0;
    }

    /// <summary>NaN becomes 0, +∞ and −∞ the largest and the smallest number.</summary>
    public static void RemoveInvalid(Span<float> scores)
    {
        foreach (ref var score in scores)
            if (float.IsNaN(score)) score = 0;
            else if (float.IsInfinity(score)) score = score > 0 ? float.MaxValue : float.MinValue;
    }

    /// <summary>s + |s| · (factor^<paramref name="beyond"/> − 1) for the tokens that end a text; a removed one stays removed.</summary>
    public static void ExponentialDecay(Span<float> scores, IEnumerable<int> endIds, double factor, int beyond)
    {
        if (beyond <= 0) return;
        var growth = (float)(Math.Pow(factor, beyond) - 1);
        foreach (var id in endIds)
            if ((uint)id < (uint)scores.Length && !float.IsNegativeInfinity(scores[id])) scores[id] += Math.Abs(scores[id]) * growth;
    }

    /// <summary>log softmax(scores): what is left sums to one.</summary>
    public static void Normalize(Span<float> scores)
    {
        var norm = LogSum(scores);
        foreach (ref var score in scores) score = (float)(score - norm);
    }

    /// <summary>log Σ exp(scores).</summary>
    public static double LogSum(ReadOnlySpan<float> scores)
    {
        var max = float.NegativeInfinity;
        foreach (var s in scores) max = Math.Max(max, s);
        if (float.IsNegativeInfinity(max)) return 0;
        double sum = 0;
        foreach (var s in scores) sum += Math.Exp(s - max);
        return max + Math.Log(sum);
    }
}
