using AlpacaCot.Experiments.Expansion;

namespace AlpacaCot.Experiments.Planning;

/// <summary>How a pack's work is cut for the machine. None of it changes results beyond rounding.</summary>
/// <param name="Threads">Threads of native kernels.</param>
/// <param name="MicroBatchTokens">Tokens per forward pass over all members; a longer row goes alone.</param>
/// <param name="AccumulationFactor">1, doubled each time the micro-batch was halved after an out-of-memory end.</param>
public sealed record KernelSettings(int Threads, int MicroBatchTokens, int AccumulationFactor = 1)
{
    /// <summary>Half the micro-batch and double the accumulation: the same optimiser step in less memory.</summary>
    public KernelSettings Halved() => this with { MicroBatchTokens = Math.Max(1, MicroBatchTokens / 2), AccumulationFactor = AccumulationFactor * 2 };
}

/// <summary>Trainings that share one base and run together: what is leased, checkpointed, resumed and accounted as one.</summary>
/// <param name="Index">Place in the sweep's order, from 0.</param>
/// <param name="Model">Name of the value of <c>models</c> whose base they share.</param>
/// <param name="Trainings">Indices in <see cref="Grid.Trainings"/>.</param>
/// <param name="Kernel">How the work is cut.</param>
public sealed record Pack(int Index, string Model, IReadOnlyList<int> Trainings, KernelSettings Kernel);

/// <summary>What packs must keep to.</summary>
public sealed record PlanLimits
{
    /// <summary>Slots that will share the work; packs are kept small enough that all get some.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Members of a pack at most.</summary>
    public int MaxMembers { get; init; } = 8;

    /// <summary>Trials of a pack at most (a training with more of them goes alone).</summary>
    public int MaxTrials { get; init; } = 128;

    /// <summary>Tokens that all members of a pack may put into one optimiser step (a training with more of them goes alone).</summary>
    public int TokensPerStep { get; init; } = 131_072;

    /// <summary>Tokens per forward pass where the sweep names none.</summary>
    public int MicroBatchTokens { get; init; } = 4096;

    /// <summary>Threads of native kernels.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Those of slots that share a machine's processors.</summary>
    public static PlanLimits For(int slots, int processors) => new() { Slots = Math.Max(1, slots), Threads = Math.Max(1, processors / Math.Max(1, slots)) };
}
