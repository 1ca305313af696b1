using AlpacaCot.Evaluation.Python;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>
/// A multiple-choice question scored by log-likelihood. All argmaxes take the first of equal values.
/// </summary>
/// <param name="Predicted">The choice with the largest sum.</param>
/// <param name="PredictedNorm">… with the largest sum per character (code points of the choice's text).</param>
/// <param name="PredictedBytes">… with the largest sum per UTF-8 byte.</param>
/// <param name="PredictedMutualInfo">… with the largest gain over the log-likelihood after an empty context; null where that was not asked for.</param>
/// <param name="Probabilities">softmax of the sums.</param>
public sealed record ChoiceScores(
    int Predicted, int PredictedNorm, int PredictedBytes, int? PredictedMutualInfo, IReadOnlyList<double> Probabilities)
{
    /// <summary>Scores a question.</summary>
    /// <param name="sums">Log-likelihood of each choice after the question, in nats.</param>
    /// <param name="choices">The choices' texts, without delimiter.</param>
    /// <param name="unconditional">Log-likelihood of each choice after the prefix token alone, or null.</param>
    public static ChoiceScores Of(IReadOnlyList<double> sums, IReadOnlyList<string> choices, IReadOnlyList<double>? unconditional = null)
    {
        if (sums.Count != choices.Count || sums.Count == 0) throw new ArgumentException($"{sums.Count} log-likelihoods for {choices.Count} choices", nameof(sums));
        // Every comparison with NaN is false, so that the first choice would win.
        if (sums.Concat(unconditional ?? []).Any(s => !double.IsFinite(s))) throw new ArgumentException("a log-likelihood is not finite", nameof(sums));
        return new ChoiceScores(
            ArgMax(sums),
            ArgMax([.. sums.Select((s, i) => s / PythonText.Length(choices[i]))]),
            ArgMax([.. sums.Select((s, i) => s / System.Text.Encoding.UTF8.GetByteCount(choices[i]))]),
            unconditional is null ? null : ArgMax([.. sums.Select((s, i) => s - unconditional[i])]),
            Softmax(sums));
    }

    /// <summary>Brier score of the question: Σ over the choices of (p − 1[gold])², of softmax of the raw sums.</summary>
    public double Brier(int gold) => Probabilities.Select((p, i) => (p - (i == gold ? 1 : 0)) * (p - (i == gold ? 1 : 0))).Sum();

    private static int ArgMax(IReadOnlyList<double> values)
    {
        var best = 0;
        for (var i = 1; i < values.Count; i++)
            if (values[i] > values[best]) best = i;
        return best;
    }

    private static double[] Softmax(IReadOnlyList<double> values)
    {
        var max = values.Max();
        var exponentials = values.Select(v => Math.Exp(v - max)).ToArray();
        var sum = exponentials.Sum();
        return [.. exponentials.Select(e => e / sum)];
    }
}
