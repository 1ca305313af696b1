namespace AlpacaCot.Training;

/// <summary>Settings of the machine's side of a training; apart from rounding they do not change what is trained.</summary>
public sealed record CoTrainerOptions
{
    /// <summary>Most tokens of one forward and backward pass; a single longer row makes a pass of its own.</summary>
    public int TokenBudget { get; init; } = 4096;

    /// <summary>
    /// Tokens that fill the machine: a pass that has as many ends with the rows of a member, since with another's it would take no less time, and more memory.
    /// Where null, 256 for each thread on the processor; a GPU is not filled before <see cref="TokenBudget"/>.
    /// </summary>
    public int? TokensThatFill { get; init; }

    /// <summary>Most values of the logits <c>[rows, vocabulary]</c> that exist at one time; where null, 8 million on the processor and 128 million on a GPU.</summary>
    public int? LogitBudget { get; init; }

    /// <summary>Threads of libtorch in this process; left as they are where null. The same number gives the same bits.</summary>
    public int? Threads { get; init; }

    /// <summary>A hash of the base's content, so that no checkpoint is resumed on another base; null where it is not known.</summary>
    public string? BaseContent { get; init; }

    /// <summary>Where and how often checkpoints are written; never where null.</summary>
    public CheckpointPolicy? Checkpoints { get; init; }

    /// <summary>
    /// Computes every token of every row in every block: the plain way that the savings (beginnings shared by rows, the last block at supervised
    /// positions alone) must equal.
    /// </summary>
    internal bool WholeRows { get; init; }

    /// <summary>The clock for speeds and timed checkpoints.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Where and how often checkpoints are written.</summary>
/// <param name="Folder">The pack's folder; each checkpoint is a folder <c>step-K</c> in it.</param>
/// <param name="EverySteps">Steps between two, or null.</param>
/// <param name="Every">Time between two, or null.</param>
/// <param name="Keep">How many of the latest are kept.</param>
public sealed record CheckpointPolicy(string Folder, int? EverySteps = null, TimeSpan? Every = null, int Keep = 2)
{
    /// <summary>Told before a checkpoint is written, which may take long.</summary>
    public Action? Saving { get; init; }

    /// <summary>Told of every checkpoint that is whole on disk: its folder and its step.</summary>
    public Action<string, int>? Saved { get; init; }
}
