namespace AlpacaCot.Inference;

/// <summary>Chooses one request's tokens. Its random numbers are its own: batch mates cannot change them.</summary>
internal sealed class Sampler(DecodingSettings settings)
{
    // SplitMix64 (Steele et al., 2014): one addition and three mixes a draw, the whole state in one number.
    private ulong _state = (ulong)settings.Seed;

    /// <summary>Whether the whole row of logits is needed; otherwise the argmax suffices.</summary>
    public bool NeedsLogits => settings.Strategy == DecodingStrategy.Sample || settings.RepetitionPenalty != 1;

    /// <summary>Chooses from a row of logits, which is overwritten. <paramref name="seen"/>: the ids of the sequence so far.</summary>
    public int Choose(Span<float> logits, IEnumerable<int> seen)
    {
        Process(logits, seen);
        return settings.Strategy == DecodingStrategy.Greedy ? ArgMax(logits) : Draw(LogitsProcessors.Softmax(logits));
    }

    /// <summary>The processors in the field's order: repetition penalty; then, only when sampling, temperature, top-k, top-p.</summary>
    public void Process(Span<float> logits, IEnumerable<int> seen)
    {
        if (settings.RepetitionPenalty != 1) LogitsProcessors.RepetitionPenalty(logits, seen, settings.RepetitionPenalty);
        if (settings.Strategy == DecodingStrategy.Greedy) return;
        if (settings.Temperature != 1) LogitsProcessors.Temperature(logits, settings.Temperature);
        if (settings.TopK > 0) LogitsProcessors.TopK(logits, settings.TopK);
        if (settings.TopP < 1) LogitsProcessors.TopP(logits, settings.TopP);
    }

    /// <summary>The largest element; the first wins a tie. NaN never wins.</summary>
    public static int ArgMax(ReadOnlySpan<float> row)
    {
        var best = 0;
        for (var i = 1; i < row.Length; i++)
            if (row[i] > row[best] || float.IsNaN(row[best])) best = i;
        return best;
    }

    private int Draw(double[] probabilities)
    {
        var u = (NextBits() >> 11) * (1.0 / 9007199254740992.0);
        var last = 0;
        double mass = 0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] <= 0) continue;
            mass += probabilities[i];
            last = i;
            if (u < mass) return i;
        }
        return last;
    }

    private ulong NextBits()
    {
        var z = _state += 0x9e3779b97f4a7c15UL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
