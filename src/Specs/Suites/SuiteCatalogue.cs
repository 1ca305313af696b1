namespace AlpacaCot.Specs.Suites;

/// <summary>The suites that a sweep may name. A suite is added by adding its definition to <see cref="All"/> and its code to the Evaluation room's registry.</summary>
public static class SuiteCatalogue
{
    /// <summary>Seed of few-shot draws and of limited samples where none is given; lm-eval's.</summary>
    public const int DefaultSeed = 1234;

    /// <summary>The field of a format that stands for the question.</summary>
    public const string QuestionField = "{question}";

    /// <summary>Most options that have a letter.</summary>
    public const int MostChoices = 26;

    /// <summary>Resamples of metrics that have no closed standard error; lm-eval's.</summary>
    public const int BootstrapIterations = 100_000;

    /// <summary>All suites, by name.</summary>
    public static IReadOnlyList<SuiteDefinition> All { get; } =
        [ExactMatchOptions.Definition, GoatArithmeticOptions.Definition, LogLikelihoodOptions.Definition, MultipleChoiceOptions.Definition, PerplexityOptions.Definition, TableQuestionsOptions.Definition];

    /// <summary>The suite of that name, or null.</summary>
    public static SuiteDefinition? Find(string name) => All.FirstOrDefault(suite => suite.Name == name);
}
