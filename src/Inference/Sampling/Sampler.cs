using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Inference.Sampling;

/// <summary>Chooses one request's tokens. Its random numbers are its own: batch mates cannot change them.</summary>
internal sealed class Sampler(DecodingSettings settings)
{
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
        var u = SplitMix64.ToUnit(SplitMix64.Next(ref _state));
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
}
