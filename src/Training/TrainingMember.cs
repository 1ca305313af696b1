using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Specs;

namespace AlpacaCot.Training;

/// <summary>One trial of a pack: an adapter, its rows and how it is trained. Nothing of it depends on who shares the base.</summary>
/// <param name="Name">Its name, unique in the pack.</param>
/// <param name="Adapter">What is trained; the caller disposes of it.</param>
/// <param name="Examples">The training rows.</param>
/// <param name="Settings">Batch size, learning rate (which must be given) and so on.</param>
/// <param name="Seed">Decides the order of the rows and the dropout masks.</param>
public sealed record TrainingMember(string Name, Adapter Adapter, IReadOnlyList<Example> Examples, TrainingSpec Settings, ulong Seed)
{
    /// <summary>Rows that are held out: their loss is computed at the end of every epoch.</summary>
    public IReadOnlyList<Example> Validation { get; init; } = [];

    /// <summary>Whether the held-out rows are evaluated at the end of every epoch (only where there are any).</summary>
    public bool EvaluateEachEpoch { get; init; } = true;

    /// <summary>The order in which the epochs visit the rows; shuffled by the seed where null.</summary>
    public RowOrder? Order { get; init; }

    /// <summary>Whether biases and norm weights decay too, as in a plain loop over torch's optimiser.</summary>
    internal bool DecaysAll { get; init; }

    /// <summary>Where the trained adapter is saved when the member is done (a PEFT folder); nowhere where null.</summary>
    public string? Output { get; init; }
}

/// <summary>What a member did in one optimiser step.</summary>
/// <param name="Member">Its name.</param>
/// <param name="Step">The step, counted from 1.</param>
/// <param name="TotalSteps">Its steps in all.</param>
/// <param name="Loss">Mean loss of the step's supervised tokens, before the update.</param>
/// <param name="GradNorm">Norm of the gradients over all its parameters, before clipping.</param>
/// <param name="LearningRate">The rate that the update was made with.</param>
/// <param name="TokensPerSecond">Its real tokens (there is no padding) over the step's time.</param>
/// <param name="EvalLoss">Loss of the held-out rows, where this step ended an epoch.</param>
public sealed record TrainingProgress(
    string Member, int Step, int TotalSteps, double Loss, double GradNorm, double LearningRate, double TokensPerSecond, double? EvalLoss);

/// <summary>An evaluation on the held-out rows.</summary>
/// <param name="Step">The step after which it was made, counted from 1.</param>
/// <param name="Loss">Mean loss over their supervised tokens.</param>
public readonly record struct Evaluation(int Step, double Loss);

/// <summary>How a member ended.</summary>
/// <param name="Member">Its name.</param>
/// <param name="Steps">Steps that it made.</param>
/// <param name="Losses">Loss of every step, those before a resume included.</param>
/// <param name="Evaluations">Evaluations in order.</param>
/// <param name="Removed">Whether it left before its last step.</param>
public sealed record MemberResult(string Member, int Steps, IReadOnlyList<double> Losses, IReadOnlyList<Evaluation> Evaluations, bool Removed);
