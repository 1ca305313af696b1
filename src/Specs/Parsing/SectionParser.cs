namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the sections <c>training</c>, <c>decoding</c>, <c>evaluation</c> and <c>search</c>.</summary>
internal static class SectionParser
{
    public static TrainingSpec Training(MapReader reader)
    {
        var otherwise = new TrainingSpec();
        var training = new TrainingSpec
        {
            Epochs = reader.Number("epochs", 0, 10_000, above: true) ?? otherwise.Epochs,
            MaxSteps = reader.Integer("max_steps", 1),
            BatchSize = reader.Integer("batch_size", 1, 65_536) ?? otherwise.BatchSize,
            GradientAccumulation = reader.Integer("gradient_accumulation", 1, 65_536),
            MicroBatchTokens = reader.Integer("micro_batch_tokens", 16),
            CutoffLen = reader.Integer("cutoff_len", 8, 1_048_576) ?? otherwise.CutoffLen,
            Precision = reader.Choice("precision", TrainingSpec.Precisions, NotBuiltPrecisions) ?? otherwise.Precision,
            LearningRate = reader.Number("learning_rate", 0, 10, above: true),
            Schedule = reader.Choice("schedule", TrainingSpec.Schedules, NotBuiltSchedules) ?? otherwise.Schedule,
            WarmupRatio = reader.Number("warmup_ratio", 0, 1) ?? otherwise.WarmupRatio,
            WarmupSteps = reader.Integer("warmup_steps", 0),
            WeightDecay = reader.Number("weight_decay", 0, 1) ?? otherwise.WeightDecay,
            Clip = Clip(reader),
            AdamBeta1 = reader.Number("adam_beta1", 0, 0.999999) ?? otherwise.AdamBeta1,
            AdamBeta2 = reader.Number("adam_beta2", 0, 0.999999) ?? otherwise.AdamBeta2,
            AdamEpsilon = reader.Number("adam_epsilon", 0, 1, above: true) ?? otherwise.AdamEpsilon,
            TrainOnPrompt = reader.Flag("train_on_prompt") ?? false,
            CheckpointSteps = reader.Integer("checkpoint_steps", 1),
        };
        reader.Finish();
        if (training.GradientAccumulation > training.BatchSize)
            reader.Error(
                "gradient_accumulation", $"cannot exceed batch_size ({training.BatchSize}): a micro-batch needs a row",
                $"write at most {training.BatchSize}");
        if (reader.Has("warmup_ratio") && reader.Has("warmup_steps"))
            reader.Error("warmup_ratio", "warmup_ratio and warmup_steps exclude each other", "keep one of the two");
        if (training is { WarmupSteps: { } warmup, MaxSteps: { } steps } && warmup > steps)
            reader.Error("warmup_steps", $"warms up longer than max_steps ({steps}) trains");
        if (training.Schedule == "constant" && (training.WarmupSteps > 0 || training.WarmupRatio > 0))
            reader.Error("schedule", "'constant' has no warm-up", "write constant_with_warmup, or remove the warm-up");
        return training;
    }

    /// <summary><c>clip: 0</c> and <c>clip: none</c> switch clipping off.</summary>
    private static double? Clip(MapReader reader)
    {
        if (reader.Node("clip") is YamlScalar { Plain: true, Value: "none" or "off" or "false" }) return null;
        if (!reader.Has("clip")) return new TrainingSpec().Clip;
        return reader.Number("clip", 0, 1e6) is { } clip and > 0 ? clip : null;
    }

    public static DecodingSpec Decoding(MapReader reader)
    {
        var otherwise = new DecodingSpec();
        var decoding = new DecodingSpec
        {
            Strategy = reader.Choice("strategy", DecodingSpec.Strategies, NotBuiltStrategies) ?? otherwise.Strategy,
            MaxNewTokens = reader.Integer("max_new_tokens", 1, 1_048_576) ?? otherwise.MaxNewTokens,
            Temperature = reader.Number("temperature", 0, 100, above: true) ?? otherwise.Temperature,
            TopP = reader.Number("top_p", 0, 1, above: true) ?? otherwise.TopP,
            TopK = reader.Integer("top_k", 0) ?? otherwise.TopK,
            RepetitionPenalty = reader.Number("repetition_penalty", 0, 100, above: true) ?? otherwise.RepetitionPenalty,
        };
        reader.Finish();
        if (decoding.Strategy == "greedy")
            foreach (var key in (IEnumerable<string>)["temperature", "top_p", "top_k"])
                if (reader.Has(key)) reader.Error(key, "has no effect on greedy decoding", "write strategy: sample, or remove it");
        return decoding;
    }

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
            Limit = reader.Integer("limit", 1),
            FewShot = reader.Integer("few_shot", 0, 1000) ?? 0,
            Options = AxisParser.Options(reader),
        };
        reader.Finish();
        if (!reader.Has("suite")) reader.Log.Error(reader.Mark, reader.At("suite"), "this key is missing", "add suite: goat-arithmetic");
        return evaluation;
    });

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

    private static readonly Dictionary<string, string> NotBuiltPrecisions = new(StringComparer.Ordinal)
    {
        ["fp16"] = "bf16 needs no loss scaling", ["float16"] = "", ["int8"] = "", ["nf4"] = ""
    };
    private static readonly Dictionary<string, string> NotBuiltStrategies = new(StringComparer.Ordinal)
    {
        ["beam"] = "", ["beam_search"] = "", ["contrastive"] = ""
    };
    private static readonly Dictionary<string, string> NotBuiltSchedules = new(StringComparer.Ordinal)
    {
        ["polynomial"] = "", ["inverse_sqrt"] = "", ["cosine_with_restarts"] = "", ["cosine_with_min_lr"] = "", ["warmup_stable_decay"] = "", ["reduce_lr_on_plateau"] = "",
    };
}
