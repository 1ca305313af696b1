namespace AlpacaCot.Specs.Parsing;

/// <summary>What holds between sections: names in conditions, the metric of the search, a grid with trials in it, advice.</summary>
internal static class CrossChecks
{
    /// <summary>Above this a sweep is refused.</summary>
    private const int MostTrials = 20_000;

    public static void Run(SweepSpec spec, SpecLog log)
    {
        var names = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["model"] = [.. spec.Models.Select(m => m.Name)],
            ["peft"] = [.. spec.Peft.Select(p => p.Name)],
            ["data"] = [.. spec.Data.Select(d => d.Name)],
            ["cot"] = [.. spec.Cot.Select(c => c.Name)],
            ["seed"] = [.. spec.Seeds.Select(s => s.ToString(System.Globalization.CultureInfo.InvariantCulture))],
        };
        Conditions("models", "model", spec.Models.Select(m => m.When));
        Conditions("peft", "peft", spec.Peft.Select(p => p.When));
        Conditions("data", "data", spec.Data.Select(d => d.When));
        Conditions("cot", "cot", spec.Cot.Select(c => c.When));
        foreach (var (match, i) in spec.Exclude.Select((m, i) => (m, i))) Check(match, $"exclude[{i}]", null);
        foreach (var (match, i) in spec.Include.Select((m, i) => (m, i))) Check(match, $"include[{i}]", null);

        if (spec.Search is { Metric.Length: > 0 } search && !spec.Evaluation.Any(e => search.Metric.StartsWith(e.Name + "/", StringComparison.Ordinal)))
            log.Error(
                Mark("search.metric"), "search.metric", $"'{search.Metric}' is no metric of an evaluation above",
                "write evaluation/metric, for example " + (spec.Evaluation.FirstOrDefault()?.Name ?? "goat-arithmetic") + "/exact_match");
        if (spec.Base && spec.Peft.FirstOrDefault(p => string.Equals(p.Name, MethodSpec.UntunedName, StringComparison.OrdinalIgnoreCase)) is { } named)
        {
            var path = $"peft[{spec.Peft.ToList().IndexOf(named)}]";
            log.Error(Mark(path + ".name"), path, $"the name '{named.Name}' is the untuned base's", "choose another name, or write base: false");
        }
        foreach (var (data, d) in spec.Data.Select((data, d) => (data, d)))
            foreach (var (source, s) in data.Sources.Select((source, s) => (source, s)))
                foreach (var name in source.AllowLeakage.Where(name => spec.Evaluation.All(e => e.Name != name)))
                    log.Error(
                        Mark($"data[{d}].sources[{s}].allow_leakage"), $"data[{d}].sources[{s}].allow_leakage", $"there is no evaluation '{name}'",
                        Suggestions.For(name, spec.Evaluation.Select(e => e.Name)));
        if (spec.Data.Where(d => d.Match != DataMatch.None).ToList() is [var alone])
            log.Advice(
                Mark($"data[{spec.Data.ToList().IndexOf(alone)}].match"), $"data[{spec.Data.ToList().IndexOf(alone)}].match", $"'{alone.Name}' is matched with no other mix",
                "write match: rows in each mix that is compared with it, or remove it");
        if (log.Errors.Any(e => e.Severity == SpecSeverity.Error)) return;

        var trials = GridCells.Of(spec).Count();
        if (trials == 0) log.Error(Mark("exclude"), "exclude", "exclude and when leave no trial", "remove one of the conditions");
        if (trials > MostTrials)
            log.Error(Mark("seeds"), "", $"the grid has {trials} trials, more than {MostTrials}", "split it into several sweeps");
        if (spec.Seeds.Count < 3)
            log.Advice(
                Mark("seeds"), "seeds",
                spec.Seeds.Count == 1
                    ? "one seed gives no interval: a difference cannot be told from luck"
                    : "two seeds give intervals so wide that they say nothing",
                "give at least 3: seeds: [0, 1, 2]");
        if (spec.Evaluation.Count == 0)
            log.Advice(
                default, "evaluation", "nothing is asked of the trained models; only training losses will be compared",
                "add evaluation: [{ suite: goat-arithmetic }]");

        void Conditions(string section, string own, IEnumerable<AxisMatch?> conditions)
        {
            foreach (var (condition, i) in conditions.Select((c, i) => (c, i)))
                if (condition is not null) Check(condition, $"{section}[{i}].when", own);
        }

        void Check(AxisMatch match, string path, string? own)
        {
            foreach (var (axis, values) in match.Values)
                if (axis == own) log.Error(Mark($"{path}.{axis}"), $"{path}.{axis}", "a value cannot depend on its own axis", "name another axis");
                else foreach (var value in values.Where(v => !names[axis].Contains(v, StringComparer.Ordinal)))
                    log.Error(Mark($"{path}.{axis}"), $"{path}.{axis}", $"the axis has no value '{value}'", Suggestions.For(value, names[axis]));
        }

        SpecMark Mark(string path)
        {
            for (var at = path; at.Length > 0; at = at[..Math.Max(0, at.LastIndexOfAny(['.', '[']))])
                if (log.Marks.TryGetValue(at, out var mark)) return mark;
            return default;
        }
    }
}
