namespace AlpacaCot.Specs;

/// <summary>How every trial of a sweep trains. Defaults are those of Alpaca-CoT's trainer where it has one.</summary>
public sealed record TrainingSpec
{
    /// <summary>Passes over the data; may be a fraction.</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimiser steps at most; null is what the epochs give.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Rows per optimiser step (over all its micro-batches).</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Micro-batches per optimiser step; null lets <see cref="MicroBatchTokens"/> decide.</summary>
    public int? GradientAccumulation { get; init; }

    /// <summary>Tokens per forward pass over all members of a pack; null is the planner's.</summary>
    public int? MicroBatchTokens { get; init; }

    /// <summary>Longest row in tokens; longer ones are truncated.</summary>
    public int CutoffLen { get; init; } = 512;

    /// <summary><c>bf16</c> (base in bfloat16, adapters in fp32) or <c>fp32</c>.</summary>
    public string Precision { get; init; } = "bf16";

    /// <summary>The learning rate of adapters that have none of their own; null is each method's default.</summary>
    public double? LearningRate { get; init; }

    /// <summary><c>linear</c>, <c>cosine</c>, <c>constant</c> or <c>constant_with_warmup</c>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>Warm-up as a share of all steps; 0 where <see cref="WarmupSteps"/> is set.</summary>
    public double WarmupRatio { get; init; }

    /// <summary>Warm-up in steps; null is by <see cref="WarmupRatio"/>.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>AdamW's decoupled weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest gradient norm of a member; null clips nothing.</summary>
    public double? Clip { get; init; } = 1.0;

    /// <summary>AdamW's β₁.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>AdamW's β₂.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>AdamW's ε, added after the square root.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Whether the prompt's tokens are learnt too.</summary>
    public bool TrainOnPrompt { get; init; }

    /// <summary>Optimiser steps between checkpoints; null is by time (the worker's).</summary>
    public int? CheckpointSteps { get; init; }

    /// <summary>The schedules that are built.</summary>
    public static IReadOnlyList<string> Schedules { get; } = ["linear", "cosine", "constant", "constant_with_warmup"];

    /// <summary>The precisions that are built.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["bf16", "fp32"];
}
