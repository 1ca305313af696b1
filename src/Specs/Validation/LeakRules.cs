using System.Globalization;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Validation;

/// <summary>An evaluation's own questions are no training data, unless the source says by the evaluation's name that this is meant.</summary>
internal sealed class LeakRule : ISpecRule
{
    /// <summary>Above this share a source is the evaluation's own in another form (a copy saved as CSV, say), and not a set with some rows in common.</summary>
    private const double OwnShare = 0.5;

    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (data, fact, path) in KnownFacts.Data(spec, facts))
            foreach (var ((source, known), i) in data.Sources.Zip(fact.Sources).Select((pair, i) => (pair, i)))
                foreach (var leak in known.Leaks.Where(leak => !source.AllowLeakage.Contains(leak.Evaluation, StringComparer.Ordinal)))
                {
                    var at = string.Create(CultureInfo.InvariantCulture, $"{path}.sources[{i}]");
                    var questions = string.Create(CultureInfo.InvariantCulture, $"{leak.Questions} of the {leak.Of} questions of the evaluation '{leak.Evaluation}'");
                    if (leak.File is { } file)
                        remarks.Error(at, $"{file} is the evaluation '{leak.Evaluation}' itself: its answers would be learnt by heart", Allow(leak));
                    else if (leak.Questions > leak.Of * OwnShare)
                        remarks.Error(at, $"'{source.Reference}' holds {questions}: their answers would be learnt by heart", Allow(leak));
                    else
                        remarks.Advice(at, $"'{source.Reference}' holds {questions}: their answers are learnt by heart", "remove those rows");
                }
    }

    private static string Allow(LeakFacts leak) => $"train on other rows, or write allow_leakage: [{leak.Evaluation}] where this is meant";
}

/// <summary>A cue that training prompts hold and an evaluation asks with is part of two axes at once: what it does cannot be told from what the data do.</summary>
internal sealed class CueRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (data, path) in spec.Data.Select((data, i) => (data, string.Create(CultureInfo.InvariantCulture, $"data[{i}]"))))
        {
            // The rows that are kept differ by tokenizer; what is put into them does not.
            if (facts.Mixes.FirstOrDefault(mix => mix.Data == data.Name && mix.Kept > 0) is { } mix)
                foreach (var (cue, rows) in mix.Cues)
                    if (Asked(spec, cue) is { } asked)
                        remarks.Advice(
                            path, string.Create(CultureInfo.InvariantCulture, $"{rows} of {mix.Kept} training prompts of '{data.Name}' hold the cue that '{asked}' asks with: \"{cue}\""),
                            "write training_cue: none, or another cue under cot");
            if (facts.Data.FirstOrDefault(fact => fact.Name == data.Name) is not { } fact) continue;
            foreach (var ((source, known), i) in data.Sources.Zip(fact.Sources).Select((pair, i) => (pair, i)))
                if (data.CueOf(source).Use != CueUse.Keep)
                    foreach (var (cue, rows) in known.Cues)
                        remarks.Advice(
                            string.Create(CultureInfo.InvariantCulture, $"{path}.sources[{i}]"),
                            string.Create(CultureInfo.InvariantCulture, $"{rows} of {known.Rows} rows of '{source.Reference}' bring a cue with them{(Asked(spec, cue) is { } asked ? $", and '{asked}' asks with it" : "")}: \"{cue}\""),
                            "write training_cue: keep where that is meant");
        }
    }

    private static string? Asked(SweepSpec spec, string cue)
        => spec.Cot.FirstOrDefault(cot => cot.Cue is { } asked && Same(asked, cue))?.Name;

    private static bool Same(string left, string right) => string.Equals(left.Trim(), right.Trim(), StringComparison.OrdinalIgnoreCase);
}
