using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation;

/// <summary>What the suites that score by log-likelihood have in common.</summary>
internal static class ScoredPrompts
{
    /// <summary>How prompts with their continuations fit a model: it is fed all ids but the last.</summary>
    public static PromptFit Fit(IReadOnlyList<ScoreRequest> requests, int maxLength) => PromptFit.Of([.. requests.Select(r => r.Context.Length + r.Continuation.Length - 1)], maxLength);

    /// <summary>The score, where its log-likelihood is finite: NaN is neither more nor less likely than anything.</summary>
    /// <exception cref="NonFiniteScoreException">It is not; the message names the item.</exception>
    public static Score Finite(Score score, string suite, SuiteItem item)
    {
        Finite(score.Sum, suite, item);
        return score;
    }

    /// <summary>The same for a log-likelihood alone.</summary>
    public static void Finite(double logLikelihood, string suite, SuiteItem item)
    {
        if (double.IsFinite(logLikelihood)) return;
        throw new NonFiniteScoreException(FormattableString.Invariant(
            $"{suite}, item {item.Id} ({RowFields.Quoted(item.Instruction)}): the model's log-likelihood is {PythonText.Repr(logLikelihood)}; weights of the model or its adapter are not finite"));
    }
}
