using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Specs.Validation;

/// <summary>Every template that is named exists.</summary>
internal sealed class TemplateRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        if (facts.KnownTemplates.Count == 0) return;
        Check(spec.Template, "template");
        for (var i = 0; i < spec.Data.Count; i++)
            if (spec.Data[i].Template is { } template) Check(template, $"data[{i}].template");

        void Check(string template, string path)
        {
            if (!facts.KnownTemplates.Contains(template, StringComparer.Ordinal))
                remarks.Error(path, $"there is no template '{template}'", Suggestions.For(template, facts.KnownTemplates));
        }
    }
}

/// <summary>Every source exists, can be read and has rows.</summary>
internal sealed class SourceRule : ISpecRule
{
    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        foreach (var (data, fact, path) in KnownFacts.Data(spec, facts))
        {
            foreach (var error in fact.Errors) remarks.Error(path, error);
            foreach (var ((source, known), i) in data.Sources.Zip(fact.Sources).Select((pair, i) => (pair, i)))
            {
                var at = $"{path}.sources[{i}]";
                foreach (var remark in known.Remarks) remarks.Advice(at, remark);
                if (!known.Exists)
                    remarks.Error(
                        at, source.Path is null ? $"there is no data set '{source.Reference}'" : $"'{source.Reference}' is not there",
                        source.Path is null ? Suggestions.For(source.Reference, facts.KnownSets) : "paths count from the sweep file's folder");
                else if (known.Error is { } error) remarks.Error(at, error);
                else if (known.Rows == 0) remarks.Error(at, $"'{source.Reference}' has no rows", "give a file with rows, or remove it");
                else if (source.Goat is null && source.Limit > known.Rows)
                    remarks.Advice(at + ".limit", $"'{source.Reference}' has only {known.Rows} rows: the limit of {source.Limit} takes all of them", "lower it, or remove it");
            }
        }
    }
}

/// <summary>Every mix leaves something to learn under every tokenizer, and little of it is cut.</summary>
internal sealed class MixRule : ISpecRule
{
    private const double MuchTruncation = 0.1;

    public void Check(SweepSpec spec, SpecFacts facts, Remarks remarks)
    {
        var told = new HashSet<(string, string)>();
        foreach (var mix in facts.Mixes)
        {
            var index = spec.Data.Select(d => d.Name).ToList().IndexOf(mix.Data);
            if (index < 0) continue;
            var path = $"data[{index}]";
            var dropped = mix.Dropped.Values.Sum();
            var causes = string.Join(", ", mix.Dropped.Where(d => d.Value > 0).OrderByDescending(d => d.Value).Select(d => $"{d.Value} {d.Key}"));
            // One file is read under each tokenizer; what is unusual about it is told once.
            foreach (var remark in mix.Remarks.Where(r => told.Add((path, r)))) remarks.Advice(path, remark);
            if (mix.Error is { } error) remarks.Error(path, $"under {mix.Model}'s tokenizer: {error}");
            else if (mix.Kept == 0)
                remarks.Error(
                    path, $"no row of '{mix.Data}' can be learnt under {mix.Model}'s tokenizer{(causes.Length > 0 ? " (" + causes + ")" : "")}",
                    "raise training.cutoff_len, or give other rows");
            else
            {
                if (dropped > 0)
                    remarks.Advice(
                        path, $"{dropped} of {dropped + mix.Kept} rows of '{mix.Data}' are left out under {mix.Model}'s tokenizer ({causes})");
                if (mix.Truncated > mix.Kept * MuchTruncation)
                    remarks.Advice(
                        "training.cutoff_len", $"{mix.Truncated} of {mix.Kept} rows of '{mix.Data}' are cut under {mix.Model}'s tokenizer",
                        $"the longest has {mix.Longest} tokens");
                if (mix.Kept < spec.Training.BatchSize)
                    remarks.Advice("training.batch_size", $"'{mix.Data}' has only {mix.Kept} rows: each step sees all of them", "lower batch_size");
            }
        }
    }
}
