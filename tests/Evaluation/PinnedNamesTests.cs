using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>
/// What golden tests ask the product's registries about before they run. A name that was lost would skip cases instead of failing them, so the
/// names are written down here once more.
/// </summary>
public sealed class PinnedNamesTests
{
    [Fact]
    public void ResponseFilters_Known_AreThese()
        => Assert.Equal(
            ["lowercase", "majority_vote", "map", "multi_choice_regex", "regex", "remove_whitespace", "take_first", "take_first_k", "uppercase"],
            ResponseFilters.Known.Order(StringComparer.Ordinal));

    [Fact]
    public void SuiteRegistry_Known_AreThese()
    {
        Assert.Equal(["exact-match", "goat-arithmetic", "log-likelihood", "multiple-choice", "perplexity", "table-questions"], SuiteRegistry.Known);
        Assert.Equal(SuiteRegistry.Known, SuiteCatalogue.All.Select(suite => suite.Name));
    }

    [Fact]
    public void Golden_Cases_AreAllThere()
        => Golden.AtLeast(("evaluation", 13), ("evaluation_boundary", 1), ("evaluation_filters", 1), ("evaluation_model", 2), ("losses", 3), ("metrics", 10));

    /// <summary>The golden cases' models are of this family; were it unknown, they would be skipped.</summary>
    [Fact]
    public void ModelTypes_OfTheGoldenCases_AreKnown() => Assert.Contains("llama", Models.ModelDirectory.ModelTypes);

    [Fact]
    public void GoldChoice_Forms_AreThese() => Assert.Equal(["any", "letter", "number", "text"], SuiteCatalogue.Find("multiple-choice")!.Option("answer_form")!.Choices);

    [Fact]
    public void AnswerScoring_Extractions_AreThese() => Assert.Equal(["final", "last_number", "first_line", "none"], SuiteCatalogue.Find("exact-match")!.Option("extract")!.Choices);
}
