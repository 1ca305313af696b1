using System.Globalization;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Expansion;

/// <summary>Expands a spec to its trials and the trainings that they share.</summary>
public static class GridExpander
{
    /// <summary>All trials and the trainings they need, in a stable order (models, peft, data, cot, seeds); untuned bases come last.</summary>
    public static Grid Expand(SweepSpec spec, SpecIdentities identities)
    {
        var trials = new List<Trial>();
        var trainings = new List<(TrainingRun Run, List<int> Trials)>();
        var byKey = new Dictionary<string, int>(StringComparer.Ordinal);
        var content = new TrialKeys(spec, identities);
        var keys = new Dictionary<(string, string, string, int), string>();
        var untuned = Untuned(spec, content);
        var bases = untuned.GroupBy(trial => (trial.Model, trial.Template!, trial.Cot)).ToDictionary(same => same.Key, same => same.First().Group);
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
            trainings[training].Trials.Add(trials.Count);
            trials.Add(new Trial(trials.Count, model.Name, peft.Name, data.Name, cot.Name, seed, training, trialKey, ResultKeys(spec, content, trialKey))
            {
                Base = bases.GetValueOrDefault((model.Name, spec.TemplateOf(data), cot.Name)),
            });
        }
        trials.AddRange(untuned.Select((trial, i) => trial with { Index = trials.Count + i }).ToList());
        return new Grid(trials, [.. trainings.Select(t => t.Run with { Trials = t.Trials })]);
    }

    private static List<Trial> Untuned(SweepSpec spec, TrialKeys content)
    {
        var cells = GridCells.Untuned(spec).ToList();
        var several = cells.Select(cell => spec.TemplateOf(cell.Asked)).Distinct(StringComparer.Ordinal).Count() > 1;
        return
        [
            .. cells.Select(cell =>
            {
                var key = content.Untuned(cell.Model, cell.Asked, cell.Cot, cell.Seed);
                return new Trial(0, cell.Model.Name, MethodSpec.UntunedName, null, cell.Cot.Name, cell.Seed, null, key, ResultKeys(spec, content, key))
                {
                    Template = spec.TemplateOf(cell.Asked), NamesTemplate = several,
                };
            }),
        ];
    }

    private static Dictionary<string, string> ResultKeys(SweepSpec spec, TrialKeys content, string trialKey)
        => spec.Evaluation.ToDictionary(e => e.Name, e => content.Result(trialKey, e), StringComparer.Ordinal);
}
