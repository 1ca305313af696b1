using AlpacaCot.Specs.Optimisers;
using AlpacaCot.Specs.Schedules;

namespace AlpacaCot.Specs;

/// <summary>How a trial trains. Defaults are those of Alpaca-CoT's trainer where it has one.</summary>
public sealed record TrainingSpec
{
    /// <summary>Passes over the data; may be a fraction.</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimiser steps; overrides <see cref="Epochs"/> where it is given.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Rows per optimiser step (over all its micro-batches).</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Parts that a step's rows are cut into at least, to save memory; null lets <see cref="MicroBatchTokens"/> decide. Changes no result beyond rounding.</summary>
    public int? GradientAccumulation { get; init; }

    /// <summary>Tokens per forward pass over all members of a pack; null is the planner's. Changes no result beyond rounding.</summary>
    public int? MicroBatchTokens { get; init; }

    /// <summary>Longest row in tokens; longer ones are truncated.</summary>
    public int CutoffLen { get; init; } = 512;

    /// <summary><c>bf16</c> (base in bfloat16, adapters in fp32) or <c>fp32</c>.</summary>
    public string Precision { get; init; } = "bf16";

    /// <summary>The peak learning rate of adapters that have none of their own; null is each method's default.</summary>
    public double? LearningRate { get; init; }

    /// <summary>How the learning rate goes down: a key of <see cref="Schedules"/>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>The schedule's own numbers, by the names that <see cref="Schedules"/> lists.</summary>
    public IReadOnlyDictionary<string, double> ScheduleArguments { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Warm-up as a share of all steps; 0 where <see cref="WarmupSteps"/> is set.</summary>
    public double WarmupRatio { get; init; }

    /// <summary>Warm-up in steps; null is by <see cref="WarmupRatio"/>.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>How gradients become updates: a name of <see cref="OptimiserCatalogue"/>.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>The optimiser's own settings, by the names that <see cref="OptimiserCatalogue"/> lists.</summary>
    public IReadOnlyDictionary<string, double> OptimizerArguments { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>The weight decay; biases and the weights of norms are left out, in adapters as in full fine-tuning, as transformers' Trainer leaves them out.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest gradient norm over all parameters of a member; 0 clips nothing.</summary>
    public double Clip { get; init; } = 1.0;

    /// <summary>Adam's and AdamW's β₁.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Adam's and AdamW's β₂.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>Adam's and AdamW's ε, added after the square root.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Label smoothing ε (Szegedy et al. 2016, <c>arXiv:1512.00567</c>): the loss is (1 − ε) times the target's, plus ε times the mean over the vocabulary.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Weight of the z-loss (PaLM, <c>arXiv:2204.02311</c>), the mean of the squared logarithm of the softmax's denominator.</summary>
    public double ZLoss { get; init; }

    /// <summary>Whether the prompt's tokens are learnt too.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>Optimiser steps between checkpoints; null is by time (the worker's).</summary>
    public int? CheckpointSteps { get; init; }

    /// <summary>The schedules that are built, by transformers' names, each with the names of its own arguments.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Schedules { get; } =
        ScheduleCatalogue.All.ToDictionary(s => s.Name, s => (IReadOnlyList<string>)[.. s.Arguments.Select(a => a.Name)], StringComparer.Ordinal);

    /// <summary>The one schedule without a warm-up.</summary>
    public const string Constant = "constant";

    /// <summary>The precisions that are built.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["bf16", "fp32", "int8", "llm-int8", "w8a8", "nf4", "nf4-single", "fp4", "fp4-single"];

    /// <summary>Optimiser steps of one pass over so many rows.</summary>
    public int StepsPerEpoch(int rows) => (int)Math.Max(1, (rows + (long)BatchSize - 1) / BatchSize);

    /// <summary>Optimiser steps in all on so many rows.</summary>
    public int TotalSteps(int rows) => MaxSteps ?? (int)Math.Ceiling(Epochs * StepsPerEpoch(rows));

    /// <summary>Steps that warm up, of so many in all: the ceiling of the share <b>in double precision</b>, as transformers' Trainer takes it: 100 · 0.07 gives 8.</summary>
    public int WarmupOf(int totalSteps) => Schedule == Constant ? 0 : WarmupSteps ?? (int)Math.Ceiling(totalSteps * WarmupRatio);

    /// <summary>Every fault of these settings, one line each.</summary>
    public IEnumerable<string> Faults()
    {
        if (!(LearningRate is null or >= 0 and < double.PositiveInfinity)) yield return $"learning_rate = {LearningRate} must be a number ≥ 0";
        if (BatchSize < 1) yield return $"batch_size = {BatchSize} must be at least 1";
        if (GradientAccumulation < 1) yield return $"gradient_accumulation = {GradientAccumulation} must be at least 1";
        if (MaxSteps is null && !(Epochs > 0 && double.IsFinite(Epochs))) yield return $"epochs = {Epochs} must be above 0";
        if (MaxSteps < 1) yield return $"max_steps = {MaxSteps} must be at least 1";
        if (!Schedules.TryGetValue(Schedule, out var arguments)) yield return $"schedule = '{Schedule}' is unknown; known: {string.Join(", ", Schedules.Keys)}";
        else if (ScheduleArguments.Keys.FirstOrDefault(name => !arguments.Contains(name, StringComparer.Ordinal)) is { } stray) yield return $"schedule_arguments: '{Schedule}' has no {stray}";
        if (OptimiserCatalogue.Find(Optimizer) is not { } optimiser) yield return $"optimizer = '{Optimizer}' is unknown; known: {string.Join(", ", OptimiserCatalogue.All.Select(o => o.Name))}";
        else
        {
            foreach (var fault in OptimizerArguments.Select(given => Fault(optimiser, given)).OfType<string>()) yield return fault;
            if (OptimiserCatalogue.Conflict(this) is { } conflict) yield return $"optimizer_arguments: {conflict}";
        }
        if (WarmupRatio is not (>= 0 and <= 1)) yield return $"warmup_ratio = {WarmupRatio} must be in [0, 1]";
        if (WarmupSteps < 0) yield return $"warmup_steps = {WarmupSteps} must be at least 0";
        if (!(WeightDecay >= 0)) yield return $"weight_decay = {WeightDecay} must be at least 0";
        if (LabelSmoothing is not (>= 0 and < 1)) yield return $"label_smoothing = {LabelSmoothing} must be in [0, 1)";
        if (ZLoss is not (>= 0 and <= 1)) yield return $"z_loss = {ZLoss} must be in [0, 1]";
        if (AdamBeta1 is not (>= 0 and < 1) || AdamBeta2 is not (>= 0 and < 1)) yield return $"adam_beta1, adam_beta2 = {AdamBeta1}, {AdamBeta2} must be in [0, 1)";
        if (!(AdamEpsilon > 0)) yield return $"adam_epsilon = {AdamEpsilon} must be above 0";
        if (!(Clip >= 0)) yield return $"clip = {Clip} must be at least 0 (0 clips nothing)";
    }

    private static string? Fault(OptimiserDefinition optimiser, KeyValuePair<string, double> given) => optimiser.Arguments.FirstOrDefault(argument => argument.Name == given.Key) switch
    {
        null => $"optimizer_arguments: '{optimiser.Name}' has no {given.Key}",
        var argument when !argument.Allows(given.Value) => FormattableString.Invariant($"optimizer_arguments: {given.Key} = {given.Value} must be {argument.Limits}"),
        _ => null,
    };
}
