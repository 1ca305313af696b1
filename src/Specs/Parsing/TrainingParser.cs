using System.Globalization;
using AlpacaCot.Specs.Optimisers;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the section <c>training</c>, in a sweep file and from the command line.</summary>
internal static class TrainingParser
{
    /// <summary>The keys, each declared once.</summary>
    public static IReadOnlyList<Setting<TrainingSpec>> Settings { get; } =
    [
        new("epochs", "Passes over the data; may be a fraction", (r, t) => t with { Epochs = r.Number("epochs", 0, 10_000, above: true) ?? t.Epochs }),
        new("max_steps", "Optimiser steps; overrides the epochs", (r, t) => t with { MaxSteps = r.Integer("max_steps", 1) ?? t.MaxSteps }),
        new("batch_size", "Rows in a step", (r, t) => t with { BatchSize = r.Integer("batch_size", 1, 65_536) ?? t.BatchSize }),
        new("gradient_accumulation", "Parts that a step is cut into at least, to save memory", (r, t) => t with { GradientAccumulation = r.Integer("gradient_accumulation", 1, 65_536) ?? t.GradientAccumulation }),
        new("micro_batch_tokens", "Most tokens of one forward pass", (r, t) => t with { MicroBatchTokens = r.Integer("micro_batch_tokens", 16) ?? t.MicroBatchTokens }),
        new("cutoff_len", "Most tokens of a row", (r, t) => t with { CutoffLen = r.Integer("cutoff_len", 8, 1_048_576) ?? t.CutoffLen }),
        new("precision", "How the frozen base is held: bf16 or fp32, or in fewer bits (int8, llm-int8, w8a8, nf4, nf4-single, fp4, fp4-single) and computed with in bf16", (r, t) => t with { Precision = r.Choice("precision", TrainingSpec.Precisions, NotBuiltPrecisions) ?? t.Precision }),
        new("learning_rate", "Peak learning rate; the method's default otherwise", (r, t) => t with { LearningRate = r.Number("learning_rate", 0, 10) ?? t.LearningRate }),
        new("schedule", "How the rate goes down: " + string.Join(", ", TrainingSpec.Schedules.Keys), (r, t) => t with { Schedule = r.Choice("schedule", [.. TrainingSpec.Schedules.Keys], NotBuiltSchedules) ?? t.Schedule }),
        new("schedule_arguments", "The schedule's own numbers: { num_cycles: 2 }", (r, t) => t with { ScheduleArguments = Arguments(r, "schedule_arguments", "schedule", t.Schedule, ScheduleCatalogue.Find(t.Schedule)?.Arguments) ?? t.ScheduleArguments }),
        new("warmup_ratio", "Share of the steps that warm up", (r, t) => t with { WarmupRatio = r.Number("warmup_ratio", 0, 1) ?? t.WarmupRatio }),
        new("warmup_steps", "Steps that warm up", (r, t) => t with { WarmupSteps = r.Integer("warmup_steps", 0) ?? t.WarmupSteps }),
        new("optimizer", "How gradients become updates: " + string.Join(", ", OptimiserCatalogue.All.Select(o => o.Name)), (r, t) => t with { Optimizer = r.Choice("optimizer", [.. OptimiserCatalogue.All.Select(o => o.Name)]) ?? t.Optimizer }),
        new("optimizer_arguments", "The optimiser's own settings: { momentum: 0.9 }", (r, t) => t with { OptimizerArguments = Arguments(r, "optimizer_arguments", "optimizer", t.Optimizer, OptimiserCatalogue.Find(t.Optimizer)?.Arguments) ?? t.OptimizerArguments }),
        new("weight_decay", "The weight decay", (r, t) => t with { WeightDecay = r.Number("weight_decay", 0, 1) ?? t.WeightDecay }),
        new("clip", "Largest norm of the gradients; 0 or none clips nothing", (r, t) => t with { Clip = Clip(r) ?? t.Clip }),
        new("adam_beta1", "Adam's and AdamW's first decay", (r, t) => t with { AdamBeta1 = r.Number("adam_beta1", 0, 0.999999) ?? t.AdamBeta1 }),
        new("adam_beta2", "Adam's and AdamW's second decay", (r, t) => t with { AdamBeta2 = r.Number("adam_beta2", 0, 0.999999) ?? t.AdamBeta2 }),
        new("adam_epsilon", "Adam's and AdamW's epsilon", (r, t) => t with { AdamEpsilon = r.Number("adam_epsilon", 0, 1, above: true) ?? t.AdamEpsilon }),
        new("label_smoothing", "Share of the loss that is the mean over the vocabulary; 0 is off", (r, t) => t with { LabelSmoothing = r.Number("label_smoothing", 0, 0.999999) ?? t.LabelSmoothing }),
        new("z_loss", "Weight of the squared logarithm of the softmax's denominator; 0 is off", (r, t) => t with { ZLoss = r.Number("z_loss", 0, 1) ?? t.ZLoss }),
        new("train_on_prompt", "Learn the prompt's tokens too: true or false", (r, t) => t with { TrainOnPrompt = r.Flag("train_on_prompt") ?? t.TrainOnPrompt }),
        new("checkpoint_steps", "Steps between checkpoints; by time otherwise", (r, t) => t with { CheckpointSteps = r.Integer("checkpoint_steps", 1) ?? t.CheckpointSteps }),
    ];

    /// <summary>Reads the section and judges what only holds between its keys.</summary>
    public static TrainingSpec Read(MapReader reader)
    {
        var training = Settings.Aggregate(new TrainingSpec(), (spec, setting) => setting.Read(reader, spec));
        reader.Finish();
        Check(reader, training);
        return training;
    }

    /// <summary>What only holds between keys.</summary>
    public static void Check(MapReader reader, TrainingSpec training)
    {
        if (training.GradientAccumulation > training.BatchSize)
            reader.Error("gradient_accumulation", $"cannot exceed batch_size ({training.BatchSize}): a part needs a row", $"write at most {training.BatchSize}");
        if (reader.Has("warmup_ratio") && reader.Has("warmup_steps")) reader.Error("warmup_ratio", "warmup_ratio and warmup_steps exclude each other", "keep one of the two");
        if (training is { WarmupSteps: { } warmup, MaxSteps: { } steps } && warmup > steps) reader.Error("warmup_steps", $"warms up longer than max_steps ({steps}) trains");
        if (training.Schedule == TrainingSpec.Constant && (training.WarmupSteps > 0 || training.WarmupRatio > 0))
            reader.Error("schedule", "'constant' has no warm-up", "write constant_with_warmup, or remove the warm-up");
        if (training is { Schedule: "polynomial", LearningRate: { } rate } && training.ScheduleArguments.TryGetValue("lr_end", out var end) && end >= rate)
            reader.Error("schedule_arguments", string.Create(CultureInfo.InvariantCulture, $"lr_end ({end}) must be below the learning rate ({rate})"));
        if (training.Schedule is "cosine_with_min_lr" or "cosine_warmup_with_min_lr" && training.ScheduleArguments.ContainsKey("min_lr") == training.ScheduleArguments.ContainsKey("min_lr_rate"))
            reader.Error(reader.Has("schedule_arguments") ? "schedule_arguments" : "schedule", $"the schedule '{training.Schedule}' needs min_lr or min_lr_rate, and not both", "write schedule_arguments: { min_lr_rate: 0.1 }");
        if (OptimiserCatalogue.Conflict(training) is { } conflict) reader.Error("optimizer_arguments", conflict);
        if (OptimiserCatalogue.Find(training.Optimizer) is { IsAdam: false } optimiser)
            foreach (var key in (string[])["adam_beta1", "adam_beta2", "adam_epsilon"])
                if (reader.Has(key)) reader.Error(key, $"the optimiser '{optimiser.Name}' is no Adam and does not read it", "remove it, or give optimizer_arguments");
        if (OptimiserCatalogue.HasOwnRate(training))
            foreach (var key in (string[])["learning_rate", "schedule", "warmup_ratio", "warmup_steps"])
                if (reader.Has(key)) reader.Error(key, "relative_step has a rate of its own and follows no schedule", "remove it, or relative_step");
    }

    /// <summary>The settings of one schedule or optimiser.</summary>
    private static SortedDictionary<string, double>? Arguments(MapReader reader, string key, string owner, string name, IReadOnlyList<TrainingArgument>? arguments)
    {
        if (reader.Node(key) is not { } node) return null;
        var inner = new MapReader(node, reader.At(key), reader.Log);
        var read = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (arguments is null) return read;   // the owner's name is wrong, which is the error
        foreach (var argument in arguments)
        {
            double? value = argument switch
            {
                { Flag: true } => inner.Flag(argument.Name) is { } flag ? (flag ? 1 : 0) : null,
                { Choices.Count: > 0 } => inner.Choice(argument.Name, argument.Choices) is { } word ? argument.Choices.ToList().IndexOf(word) : null,
                _ => inner.Number(argument.Name, argument.Min, argument.Max),
            };
            if (value is { } given) read[argument.Name] = given;
        }
        foreach (var stray in inner.Keys.Where(stray => arguments.All(argument => argument.Name != stray)))
        {
            _ = inner.Node(stray);
            reader.Error(key, $"the {owner} '{name}' has no {stray}", arguments.Count == 0 ? "remove it" : "it has " + string.Join(", ", arguments.Select(argument => argument.Name)));
        }
        return read;
    }

    /// <summary><c>clip: 0</c> and <c>clip: none</c> switch clipping off.</summary>
    private static double? Clip(MapReader reader)
        => reader.Node("clip") is YamlScalar { Plain: true, Value: "none" or "off" or "false" } ? 0 : reader.Number("clip", 0, 1e6);

    private static readonly Dictionary<string, string> NotBuiltPrecisions = new(StringComparer.Ordinal)
    {
        ["fp16"] = "bf16 needs no loss scaling", ["float16"] = "", ["int4"] = ""
    };

    private static readonly Dictionary<string, string> NotBuiltSchedules = new(StringComparer.Ordinal)
    {
        ["reduce_lr_on_plateau"] = "",
    };
}
