using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation;

/// <summary>What the suites that score by log-likelihood have in common.</summary>
internal static class ScoredPrompts
{
    /// <summary>How prompts with their continuations fit a model: it is fed all ids but the last.</summary>
    public static PromptFit Fit(IReadOnlyList<ScoreRequest> requests, int maxLength) => PromptFit.Of([.. requests.Select(r => r.Context.Length + r.Continuation.Length - 1)], maxLength);

    /// <summary>What the engine answers, with the item's name in its error.</summary>
    /// <param name="suite">The suite, for messages.</param>
    /// <param name="score">Asks the engine.</param>
    /// <param name="item">The item of a request's number.</param>
    /// <exception cref="NonFiniteScoreException">A score is not finite: NaN is neither more nor less likely than anything. The message names the item.</exception>
    public static T Finite<T>(string suite, Func<T> score, Func<int, SuiteItem> item)
    {
        try
        {
            return score();
        }
        catch (NonFiniteLogitsException e)
        {
            var asked = item(e.Request);
            throw new NonFiniteScoreException(FormattableString.Invariant($"{suite}, item {asked.Id} ({RowFields.Quoted(asked.Instruction)}): {e.Message}"));
        }
    }
}
