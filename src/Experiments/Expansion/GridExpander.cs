using System.Globalization;

namespace AlpacaCot.Experiments;

/// <summary>
/// Expands a spec to its trials: the product of the axes, less what <c>when</c> and <c>exclude</c> prune, plus what <c>include</c> brings back.
/// </summary>
public static class GridExpander
{
    /// <summary>The number of trials, without computing their keys.</summary>
    public static int Count(SweepSpec spec) => Cells(spec).Count();

    /// <summary>All trials and the trainings they need, in a stable order (models, peft, data, cot, seeds).</summary>
    public static Grid Expand(SweepSpec spec, SpecIdentities identities)
    {
        var trials = new List<Trial>();
        var trainings = new List<(TrainingRun Run, List<int> Trials)>();
        var byKey = new Dictionary<string, int>(StringComparer.Ordinal);
        var content = new TrialKeys(spec, identities);
        var keys = new Dictionary<(string, string, string, int), string>();
        foreach (var (model, peft, data, cot, seed) in Cells(spec))
        {
            var (rate, source) = MethodCatalogue.LearningRate(peft, spec.Training);
            if (!keys.TryGetValue((model.Name, peft.Name, data.Name, seed), out var key))
                keys[(model.Name, peft.Name, data.Name, seed)] = key = content.Training(model, peft, data, seed, rate);
            if (!byKey.TryGetValue(key, out var training))
            {
                byKey[key] = training = trainings.Count;
                var name = string.Create(CultureInfo.InvariantCulture, $"{model.Name}+{peft.Name}+{data.Name}+s{seed}");
                trainings.Add((new TrainingRun(training, key, name, model.Name, peft.Name, data.Name, seed, rate, source, []), []));
            }
            var trialKey = content.Trial(key, data, cot);
            var results = spec.Evaluation.ToDictionary(e => e.Name, e => content.Result(trialKey, e), StringComparer.Ordinal);
            trainings[training].Trials.Add(trials.Count);
            trials.Add(new Trial(trials.Count, model.Name, peft.Name, data.Name, cot.Name, seed, training, trialKey, results));
        }
        return new Grid(trials, [.. trainings.Select(t => t.Run with { Trials = t.Trials })]);
    }

    private static IEnumerable<(ModelSpec, PeftSpec, DataSpec, CotSpec, int)> Cells(SweepSpec spec)
    {
        foreach (var model in spec.Models)
        foreach (var peft in spec.Peft)
        foreach (var data in spec.Data)
        foreach (var cot in spec.Cot)
        {
            var cell = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["model"] = model.Name, ["peft"] = peft.Name, ["data"] = data.Name, ["cot"] = cot.Name
            };
            AxisMatch?[] conditions = [model.When, peft.When, data.When, cot.When];
            foreach (var seed in spec.Seeds)
            {
                cell["seed"] = seed.ToString(CultureInfo.InvariantCulture);
                var pruned = conditions.Any(c => c is not null && !c.Matches(cell)) || spec.Exclude.Any(e => e.Matches(cell));
                if (!pruned || spec.Include.Any(i => i.Matches(cell))) yield return (model, peft, data, cot, seed);
            }
        }
    }
}
