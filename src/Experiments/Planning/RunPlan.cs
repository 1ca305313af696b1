namespace AlpacaCot.Experiments.Planning;

/// <summary>What a trial takes, before it runs. Times are of one CPU slot with its share of the machine's threads, and null where the machine was not measured.</summary>
public sealed record TrialPlan
{
    /// <summary>The trial's name.</summary>
    public required string Trial { get; init; }

    /// <summary>The training that it asks; trials that share one wait for it together. Null of an untuned base.</summary>
    public string? Training { get; init; }

    /// <summary>Optimiser steps of the training.</summary>
    public long Steps { get; init; }

    /// <summary>Tokens that are trained on, padding not counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Seconds of the training: its part of its pack's.</summary>
    public double? TrainingSeconds { get; init; }

    /// <summary>Seconds of its evaluations, if every answer is as long as it may be.</summary>
    public double? EvaluationSeconds { get; init; }

    /// <summary>Memory of the worker that trains its pack; of an untuned base, of the worker that has it loaded. Null where the base is not known.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Disk for its results, and for its adapter where it is the first trial that asks it: both are kept twice, in the sweep's folder and for other sweeps of the home.</summary>
    public long DiskBytes { get; init; }
}

/// <summary>What a sweep takes, before it runs.</summary>
/// <param name="Trials">Each trial, in the grid's order.</param>
/// <param name="Steps">Optimiser steps of all trainings.</param>
/// <param name="Tokens">Tokens that all trainings train on.</param>
/// <param name="TrainingSeconds">Seconds of all trainings, one slot doing one pack after the other.</param>
/// <param name="EvaluationSeconds">Seconds of all evaluations at most.</param>
/// <param name="MemoryBytes">Memory of the largest worker.</param>
/// <param name="DiskBytes">Disk that is taken in the end.</param>
/// <param name="CheckpointBytes">Disk for checkpoints of one pack while it trains, at most.</param>
public sealed record RunPlan(
    IReadOnlyList<TrialPlan> Trials, long Steps, long Tokens, double? TrainingSeconds, double? EvaluationSeconds, long? MemoryBytes, long DiskBytes, long CheckpointBytes)
{
    /// <summary>Slots that share the work.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Seconds from the first pack's start to the last answer, with all slots at work, at most; null where the machine was not measured.</summary>
    public double? WallSeconds { get; init; }
}
