using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>What the suites that score by log-likelihood have in common.</summary>
internal static class ScoredPrompts
{
    /// <summary>How prompts with their continuations fit a model: it is fed all ids but the last.</summary>
    public static PromptFit Fit(IReadOnlyList<ScoreRequest> requests, int maxLength) => PromptFit.Of([.. requests.Select(r => r.Context.Length + r.Continuation.Length - 1)], maxLength);

    /// <summary>Scores requests. Logits that are not finite are an error that names the item, never a score: NaN is neither more nor less likely than anything.</summary>
    /// <param name="suite">The suite's name.</param>
    /// <param name="itemOf">The item that a request belongs to.</param>
    /// <param name="ask">The call.</param>
    /// <exception cref="NonFiniteScoreException">The logits of an item are not finite.</exception>
    public static T Ask<T>(string suite, Func<int, SuiteItem> itemOf, Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (NonFiniteLogitsException e)
        {
            var item = itemOf(e.Request);
            throw new NonFiniteScoreException(FormattableString.Invariant($"{suite}, item {item.Id} ({RowFields.Quoted(item.Instruction)}): {e.Message}"));
        }
    }
}
