using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>The suites there are, by name.</summary>
public static class SuiteRegistry
{
    private static readonly Dictionary<string, Func<SuiteInputs, ISuite>> _suites = new(StringComparer.Ordinal)
    {
        [GoatArithmeticOptions.Suite] = inputs => new GoatArithmeticSuite(inputs),
        [ExactMatchOptions.Suite] = inputs => new ExactMatchSuite(inputs),
        [LogLikelihoodOptions.Suite] = inputs => new LogLikelihoodSuite(inputs),
        [MultipleChoiceOptions.Suite] = inputs => new MultipleChoiceSuite(inputs),
        [PerplexityOptions.Suite] = inputs => new PerplexitySuite(inputs),
        [TableQuestionsOptions.Suite] = inputs => new TableQuestionsSuite(inputs),
    };

    /// <summary>The known suites' names, in order.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. _suites.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Makes the suite of an evaluation. Its questions are read or generated here, so that what is wrong with files and options shows before any model is loaded.</summary>
    /// <param name="evaluation">The evaluation.</param>
    /// <param name="roots">Folders that relative files count from, before the working folder.</param>
    /// <exception cref="EvaluationException">The suite or an option is unknown (the message lists the known ones), or a file cannot be used.</exception>
    public static ISuite Create(EvaluationSpec evaluation, IReadOnlyList<string>? roots = null)
    {
        SuiteOptions options;
        try
        {
            options = SuiteOptions.Read(evaluation);
        }
        catch (SweepException e)
        {
            throw new EvaluationException(e.Message, e);
        }
        return _suites[options.Definition.Name](new SuiteInputs(options, roots ?? []));
    }
}
