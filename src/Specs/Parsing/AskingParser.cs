namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the sections <c>decoding</c>, <c>evaluation</c> and <c>search</c>.</summary>
internal static class AskingParser
{
    /// <summary>The keys of <c>decoding</c>, each declared once.</summary>
    public static IReadOnlyList<Setting<DecodingSpec>> Settings { get; } =
    [
        new("strategy", "greedy or sample", (r, d) => d with { Strategy = r.Choice("strategy", DecodingSpec.Strategies, NotBuiltStrategies) ?? d.Strategy }),
        new("max_new_tokens", "Most new tokens", (r, d) => d with { MaxNewTokens = r.Integer("max_new_tokens", 1, 1_048_576) ?? d.MaxNewTokens }),
        new("temperature", "Sample at this temperature", (r, d) => d with { Temperature = r.Number("temperature", 0, 100, above: true) ?? d.Temperature }),
        new("top_p", "Keep the smallest set of tokens of this mass", (r, d) => d with { TopP = r.Number("top_p", 0, 1, above: true) ?? d.TopP }),
        new("top_k", "Keep the k most likely tokens; 0 keeps all", (r, d) => d with { TopK = r.Integer("top_k", 0) ?? d.TopK }),
        new("repetition_penalty", "Divide the logits of tokens already seen; 1 is off", (r, d) => d with { RepetitionPenalty = r.Number("repetition_penalty", 0, 100, above: true) ?? d.RepetitionPenalty }),
        new("stop", "Texts that end the answer", (r, d) => d with { Stop = r.Texts("stop") ?? d.Stop }),
    ];

    private static readonly string[] SamplingKeys = ["temperature", "top_p", "top_k"];

    /// <summary>Reads the section <c>decoding</c>.</summary>
    public static DecodingSpec Decoding(MapReader reader)
    {
        var decoding = Settings.Aggregate(new DecodingSpec(), (spec, setting) => setting.Read(reader, spec));
        reader.Finish();
        if (decoding.Strategy == DecodingSpec.Greedy)
            foreach (var key in SamplingKeys.Where(reader.Has)) reader.Error(key, "has no effect on greedy decoding", "write strategy: sample, or remove it");
        return decoding;
    }

    /// <summary>Reads the list <c>evaluation</c>.</summary>
    public static IReadOnlyList<EvaluationSpec> Evaluation(MapReader top) => AxisParser.Values(top, "evaluation", (node, path, names) =>
    {
        if (node is YamlScalar { IsNull: false } scalar)
            return new EvaluationSpec { Name = names.Made(scalar.Value, "suite", node.Mark), Suite = scalar.Value };
        var reader = new MapReader(node, path, top.Log);
        var suite = reader.Text("suite");
        var evaluation = new EvaluationSpec
        {
            Name = AxisParser.Name(reader, names, suite ?? "suite", "suite"),
            Suite = suite ?? "",
            Limit = Limit(reader),
            FewShot = FewShot(reader),
            Options = AxisParser.Options(reader),
        };
        reader.Finish();
        if (!reader.Has("suite")) reader.Log.Error(reader.Mark, reader.At("suite"), "this key is missing", "add suite: goat-arithmetic");
        return evaluation;
    });

    /// <summary>Most items of a suite.</summary>
    public static int? Limit(MapReader reader) => reader.Integer("limit", 1);

    /// <summary>Solved examples before each question.</summary>
    public static int FewShot(MapReader reader) => reader.Integer("few_shot", 0, 1000) ?? 0;

    /// <summary>Reads the section <c>search</c>.</summary>
    public static SearchSpec Search(MapReader reader)
    {
        var search = new SearchSpec
        {
            Scheduler = reader.Choice("scheduler", ["asha"]) ?? "asha",
            Reduction = reader.Integer("reduction", 2, 1000) ?? 3,
            GraceSteps = reader.Integer("grace_steps", 1) ?? 50,
            Metric = reader.Text("metric") ?? "",
            Mode = reader.Choice("mode", ["max", "min"]) ?? "max",
        };
        reader.Finish();
        reader.Log.Error(reader.Mark, reader.Path, "search is not built yet: every trial trains to its end", "remove this section");
        if (!reader.Has("scheduler")) reader.Log.Error(reader.Mark, reader.At("scheduler"), "this key is missing", "add scheduler: asha");
        if (!reader.Has("metric"))
            reader.Log.Error(reader.Mark, reader.At("metric"), "this key is missing", "add metric: goat-arithmetic/exact_match");
        return search;
    }

    private static readonly Dictionary<string, string> NotBuiltStrategies = new(StringComparer.Ordinal)
    {
        ["beam"] = "", ["beam_search"] = "", ["contrastive"] = ""
    };
}
