using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Validation;

/// <summary>Every suite exists and has items.</summary>
internal sealed class SuiteRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (evaluation, fact, path) in KnownFacts.Suites(spec, facts))
        {
            foreach (var remark in fact.Remarks) remarks.Advice(path, remark, "ask fewer examples, or shorter questions");
            if (!fact.Exists)
                remarks.Error(path + ".suite", $"there is no suite '{evaluation.Suite}'", Suggestions.For(evaluation.Suite, facts.KnownSuites));
            else if (fact.Error is { } error) remarks.Error(path, error);
            else if (fact.Items == 0) remarks.Error(path, $"suite '{evaluation.Suite}' has no items");
            else if (evaluation.Limit is { } limit && limit > fact.Items) remarks.Advice(path + ".limit", $"the suite has only {fact.Items} items");
        }
    }
}
