using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs.Validation;

/// <summary>Two values of an axis that say the same under two names share their results; whoever wrote them probably meant two things.</summary>
internal sealed class SameValueRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        Compare("models", spec.Models, m => m.Name, m => m.When, m => new JsonObject { ["reference"] = m.Reference, ["revision"] = m.Revision, ["load"] = spec.LoadOf(m) });
        Compare("peft", spec.Peft, p => p.Name, p => p.When, p =>
        {
            if (MethodCatalogue.Find(p.Method) is null) return new JsonObject { ["unknown"] = p.Name };
            var node = MethodCatalogue.AdapterConfig(p);
            node["learning_rate"] = MethodCatalogue.LearningRate(p, spec.Training).Rate;
            return node;
        });
        Compare("data", spec.Data, d => d.Name, d => d.When, d =>
        {
            var node = SweepSpecJson.Data(d, spec.TemplateOf(d), spec.LanguageOf(d));
            node.Remove("name");
            return node;
        });
        Compare("cot", spec.Cot, c => c.Name, c => c.When, c => new JsonObject { ["cue"] = c.Cue, ["language"] = c.Language });
        Compare("evaluation", spec.Evaluation, e => e.Name, _ => null, e =>
        {
            var node = SweepSpecJson.Evaluation(e);
            node.Remove("name");
            return node;
        });

        void Compare<T>(string axis, IReadOnlyList<T> values, Func<T, string> name, Func<T, AxisMatch?> when, Func<T, JsonObject> content)
        {
            var first = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < values.Count; i++)
            {
                // Conditions that differ make two values of one content a choice, not a slip.
                if (when(values[i]) is not null) continue;
                if (!first.TryAdd(CanonicalJson.Hash(content(values[i])), name(values[i])))
                    remarks.Advice(
                        string.Create(CultureInfo.InvariantCulture, $"{axis}[{i}]"),
                        $"'{name(values[i])}' is the same as '{first[CanonicalJson.Hash(content(values[i]))]}' under another name: their results are computed once and are equal",
                        "change one of the two, or remove it");
            }
        }
    }
}

/// <summary>A warm-up that covers the whole run never reaches the learning rate; of one step it learns nothing at all.</summary>
internal sealed class StepRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        var rows = facts.Mixes.Where(m => m.Error is null && m.Examples > 0).Select(m => (m.Data, (int?)Math.Min(m.Examples, int.MaxValue))).DistinctBy(m => m.Data).ToList();
        if (rows.Count == 0 && spec.Training.MaxSteps is not null) rows = [("", null)];
        foreach (var (data, count) in rows)
            if (WarmsUpThroughout(spec.Training, spec.Training.TotalSteps(count ?? 1), data) is { } message)
            {
                remarks.Advice(spec.Training.WarmupSteps is null ? "training.warmup_ratio" : "training.warmup_steps", message);
                return;
            }
    }

    /// <summary>What is said of a warm-up of a whole run, in a sweep and on the command line; null where it ends before.</summary>
    public static string? WarmsUpThroughout(TrainingSpec training, int steps, string data = "")
    {
        var warmup = training.WarmupOf(steps);
        if (warmup < steps || warmup == 0) return null;
        var of = data.Length > 0 ? $" on '{data}'" : "";
        return steps == 1
            ? $"the only step{of} is a warm-up step, whose rate is 0: nothing is learnt"
            : string.Create(CultureInfo.InvariantCulture, $"the warm-up covers all {steps} steps{of}: the learning rate is never reached");
    }
}
