using static AlpacaCot.Specs.Suites.SuiteOptionForms;

namespace AlpacaCot.Specs.Suites;

/// <summary>The suite <c>log-likelihood</c>: whether greedy decoding would have written the answer, and the perplexity of answers.</summary>
public static class LogLikelihoodOptions
{
    /// <summary>The suite's name.</summary>
    public const string Suite = "log-likelihood";

    /// <summary>The column of the question.</summary>
    public static SuiteOption<string> Question { get; } = Text("question", "context", "The column of the question; it may be empty");

    /// <summary>The column of the answer.</summary>
    public static SuiteOption<string> Answer { get; } = Text("answer", "completion", "The column of the answer");

    /// <summary>What stands between question and answer.</summary>
    public static SuiteOption<string> TargetDelimiter { get; } = Text("target_delimiter", "", "What stands between question and answer");

    /// <summary>Resamples of the standard error.</summary>
    public static SuiteOption<int> BootstrapIterations { get; } = Integer("bootstrap_iters", SuiteCatalogue.BootstrapIterations, "Resamples of the standard error of the perplexity")
        // A hundred times lm-eval's, whose results take 80 MB: beyond it the error no longer moves.
        with { Least = 1, Most = 100 * SuiteCatalogue.BootstrapIterations };

    internal static SuiteDefinition Definition { get; } = new(
        Suite, "Whether greedy decoding would have written the answer, and the perplexity of answers", "a file of questions and answers", ["acc", "perplexity"],
        "{ suite: log-likelihood, options: { file: arithmetic.jsonl, question: context, answer: completion } }",
        [ExactMatchOptions.File, Question, Answer, TargetDelimiter, BootstrapIterations, CommonOptions.Order]);
}
