using System.Globalization;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Parsing;

namespace AlpacaCot.Specs.Validation;

/// <summary>Every suite exists and has items.</summary>
internal sealed class SuiteRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (evaluation, fact, path) in Looked.Suites(spec, facts))
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

/// <summary>A shared learning rate far from what a method needs makes its trials look bad for no fault of the method.</summary>
internal sealed class LearningRateRule : ISpecRule
{
    private const double FarOff = 5;

    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        if (spec.Training.LearningRate is not { } shared) return;
        foreach (var peft in spec.Peft.Where(p => p.LearningRate is null))
            if (MethodCatalogue.Find(peft.Method) is { } method && Math.Max(shared / method.DefaultLearningRate, method.DefaultLearningRate / shared) > FarOff)
                remarks.Advice(
                    "training.learning_rate",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{shared} is far from what {peft.Name} needs ({method.Name}'s default is {method.DefaultLearningRate})"),
                    $"give {peft.Name} a learning_rate of its own");
    }
}
