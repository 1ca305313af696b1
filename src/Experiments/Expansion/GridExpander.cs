using System.Globalization;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Expansion;

/// <summary>Expands a spec to its trials and the trainings that they share.</summary>
public static class GridExpander
{
    /// <summary>All trials and the trainings they need, in a stable order (models, peft, data, cot, seeds).</summary>
    public static Grid Expand(SweepSpec spec, SpecIdentities identities)
    {
        var trials = new List<Trial>();
        var trainings = new List<(TrainingRun Run, List<int> Trials)>();
        var byKey = new Dictionary<string, int>(StringComparer.Ordinal);
        var content = new TrialKeys(spec, identities);
        var keys = new Dictionary<(string, string, string, int), string>();
        foreach (var (model, peft, data, cot, seed) in GridCells.Of(spec))
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
            var trialKey = content.Trial(key, cot);
            var results = spec.Evaluation.ToDictionary(e => e.Name, e => content.Result(trialKey, e), StringComparer.Ordinal);
            trainings[training].Trials.Add(trials.Count);
            trials.Add(new Trial(trials.Count, model.Name, peft.Name, data.Name, cot.Name, seed, training, trialKey, results));
        }
        return new Grid(trials, [.. trainings.Select(t => t.Run with { Trials = t.Trials })]);
    }
}
