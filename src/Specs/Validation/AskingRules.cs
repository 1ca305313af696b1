using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Validation;

/// <summary>A prompt that is asked in a language has a form in it.</summary>
internal sealed class PromptLanguageRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        for (var i = 0; i < spec.Cot.Count; i++)
            if (spec.Cot[i].Language is { } language)
                foreach (var template in spec.Data.Select(spec.TemplateOf).Distinct(StringComparer.Ordinal).Where(template => TemplateNames.In(template, language) is null))
                    remarks.Error($"cot[{i}].language", $"the template '{template}' has no form in the language {language}", "train through alpaca or alpaca-newline, or leave the language out");
    }
}

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
