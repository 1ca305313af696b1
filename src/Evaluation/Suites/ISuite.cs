using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>One question of a suite, before any template.</summary>
/// <param name="Id">Its number in the suite.</param>
/// <param name="Doc">The row it comes from, as result files show it.</param>
/// <param name="Instruction">What is asked (for a perplexity suite: the text).</param>
/// <param name="Target">The right answer as text.</param>
/// <param name="Choices">The possible answers of a multiple-choice question; empty for others.</param>
/// <param name="Cell">The part of the suite it belongs to, or null.</param>
public sealed record SuiteItem(int Id, JsonObject Doc, string Instruction, string Target, IReadOnlyList<string> Choices, string? Cell = null);

/// <summary>How far a suite is.</summary>
/// <param name="Suite">The suite.</param>
/// <param name="Done">Requests done.</param>
/// <param name="Total">Requests in all.</param>
public sealed record SuiteProgress(string Suite, int Done, int Total);

/// <summary>A set of questions, how they are asked and how answers are scored. Adding one is adding a file and a line in <see cref="SuiteRegistry"/>.</summary>
public interface ISuite
{
    /// <summary>Its name in results.</summary>
    string Name { get; }

    /// <summary>Version of its questions and scorers: part of every result's key.</summary>
    string Version { get; }

    /// <summary>Its options, defaults filled in.</summary>
    SuiteOptions Configuration { get; }

    /// <summary>The questions that are asked, after limit and order; the same every time.</summary>
    IReadOnlyList<SuiteItem> Items { get; }

    /// <summary>How the prompts would fit a model, before it is loaded.</summary>
    /// <param name="prompts">How questions are put.</param>
    /// <param name="maxLength">The model's positions.</param>
    /// <param name="maxNewTokens">Most new tokens of an answer that is generated.</param>
    PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens);

    /// <summary>Asks a model all questions and scores the answers.</summary>
    /// <exception cref="NonFiniteScoreException">The model's log-likelihood of an item is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    SuiteResult Run(SuiteContext context);
}
