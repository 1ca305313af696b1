using System.Text.Json.Nodes;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>The suites there are, by name.</summary>
public static class SuiteRegistry
{
    private static readonly Dictionary<string, Func<SuiteOptions, ISuite>> _suites = new(StringComparer.Ordinal)
    {
        [GoatArithmeticSuite.Kind] = o => new GoatArithmeticSuite(o),
        [ExactMatchSuite.Kind] = o => new ExactMatchSuite(o),
        [LogLikelihoodSuite.Kind] = o => new LogLikelihoodSuite(o),
        [MultipleChoiceSuite.Kind] = o => new MultipleChoiceSuite(o),
        [PerplexitySuite.Kind] = o => new PerplexitySuite(o),
        [TableQuestionsSuite.Kind] = o => new TableQuestionsSuite(o),
    };

    /// <summary>The suite that asks the arithmetic generator's held-out questions.</summary>
    public const string GoatArithmetic = GoatArithmeticSuite.Kind;

    /// <summary>The known suites' names, in order.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. _suites.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Makes a suite from its declaration, <c>{"suite": "goat-arithmetic", "limit": 200, "few_shot": 0, …}</c>. Its questions are read or generated here,
    /// so that what is wrong with files and options shows before any model is loaded.
    /// </summary>
    /// <param name="declaration">The declaration.</param>
    /// <param name="roots">Folders that relative files count from, before the working folder.</param>
    /// <exception cref="EvaluationException">The suite or an option is unknown (the message lists the known ones), or a file cannot be used.</exception>
    public static ISuite Create(JsonObject declaration, IReadOnlyList<string>? roots = null)
    {
        var name = declaration["suite"] is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new EvaluationException($"an evaluation needs 'suite'; known are {string.Join(", ", Known)}");
        return _suites.TryGetValue(name, out var create)
            ? create(new SuiteOptions(declaration, SuiteCatalogue.Find(name)!, roots ?? []))
            : throw new EvaluationException($"suite '{name}' is unknown; known are {string.Join(", ", Known)}");
    }
}
