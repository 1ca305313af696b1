namespace AlpacaCot.Training;

/// <summary>How one member is trained. Names and defaults are those of Hugging Face's Trainer where it has them.</summary>
public sealed record TrainingSettings
{
    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Rows of a micro-batch.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Micro-batches of an optimiser step; its loss is the mean over the supervised tokens of all of them.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Passes over the rows; may be a fraction.</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimiser steps in all; overrides <see cref="Epochs"/> where it is given.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>The learning rate's schedule, one of <see cref="Schedules.Known"/>.</summary>
    public string Schedule { get; init; } = "linear";

    /// <summary>The schedule's own arguments by the library's names (<c>num_cycles</c>, <c>power</c>, <c>lr_end</c>, <c>timescale</c>).</summary>
    public IReadOnlyDictionary<string, double> ScheduleArguments { get; init; } = new Dictionary<string, double>();

    /// <summary>Share of all steps that warm up.</summary>
    public double WarmupRatio { get; init; }

    /// <summary>Steps that warm up; overrides <see cref="WarmupRatio"/> where it is given.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>AdamW's decoupled weight decay; biases and norm weights are left out.</summary>
    public double WeightDecay { get; init; }

    /// <summary>AdamW's decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>AdamW's epsilon, added after the bias correction.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The gradients' norm over all parameters of the member is clipped to this; null does not clip.</summary>
    public double? MaxGradNorm { get; init; } = 1.0;

    /// <summary>Whether the held-out rows are evaluated at the end of every epoch (only where there are any).</summary>
    public bool EvaluateEachEpoch { get; init; } = true;

    /// <summary>Every fault of these settings, one line each.</summary>
    public IEnumerable<string> Faults()
    {
        if (!(LearningRate >= 0) || !double.IsFinite(LearningRate)) yield return $"learning_rate = {LearningRate} must be a number ≥ 0";
        if (BatchSize < 1) yield return $"batch_size = {BatchSize} must be at least 1";
        if (GradientAccumulation < 1) yield return $"gradient_accumulation = {GradientAccumulation} must be at least 1";
        if (MaxSteps is null && !(Epochs > 0 && double.IsFinite(Epochs))) yield return $"epochs = {Epochs} must be above 0";
        if (MaxSteps < 1) yield return $"max_steps = {MaxSteps} must be at least 1";
        if (!Schedules.Known.Contains(Schedule)) yield return $"schedule = '{Schedule}' is unknown; known: {string.Join(", ", Schedules.Known)}";
        if (WarmupRatio is < 0 or > 1) yield return $"warmup_ratio = {WarmupRatio} must be in [0, 1]";
        if (WarmupSteps < 0) yield return $"warmup_steps = {WarmupSteps} must be at least 0";
        if (!(WeightDecay >= 0)) yield return $"weight_decay = {WeightDecay} must be at least 0";
        if (Beta1 is not (>= 0 and < 1) || Beta2 is not (>= 0 and < 1)) yield return $"betas = {Beta1}, {Beta2} must be in [0, 1)";
        if (!(Epsilon > 0)) yield return $"epsilon = {Epsilon} must be above 0";
        if (MaxGradNorm is not null and not > 0) yield return $"max_grad_norm = {MaxGradNorm} must be above 0, or absent";
    }
}
