namespace AlpacaCot.Training;

/// <summary>
/// Which rows each optimiser step takes. Everything follows from the step's number, so a checkpoint need not hold a cursor.
/// An epoch's last micro-batch may be short, and its last step may have fewer micro-batches.
/// </summary>
public sealed class StepPlan
{
    private readonly int _rows;
    private readonly int _rowsPerStep;

    /// <summary>Plans the steps of a member.</summary>
    /// <param name="rows">Number of training rows.</param>
    /// <param name="settings">Batch size, accumulation, epochs or steps, warm-up.</param>
    public StepPlan(int rows, TrainingSettings settings)
    {
        _rows = rows;
        _rowsPerStep = settings.BatchSize * settings.GradientAccumulation;
        var batches = Ceiling(rows, settings.BatchSize);
        StepsPerEpoch = Math.Max(Ceiling(batches, settings.GradientAccumulation), 1);
        TotalSteps = settings.MaxSteps ?? (int)Math.Ceiling(settings.Epochs * StepsPerEpoch);
        WarmupSteps = settings.WarmupSteps ?? WarmupOf(TotalSteps, settings.WarmupRatio);
    }

    /// <summary>Optimiser steps of one epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Optimiser steps in all.</summary>
    public int TotalSteps { get; }

    /// <summary>Steps that warm up.</summary>
    public int WarmupSteps { get; }

    /// <summary>The epoch of a step and the range of that epoch's order that it takes.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    public (int Epoch, int Start, int Count) At(int step)
    {
        var (epoch, index) = Math.DivRem(step, StepsPerEpoch);
        var start = index * _rowsPerStep;
        return (epoch, start, Math.Min(_rowsPerStep, _rows - start));
    }

    /// <summary>The ceiling of total · ratio <b>in double precision</b>, as the Trainer takes it: 100 · 0.07 gives 8.</summary>
    public static int WarmupOf(int totalSteps, double ratio) => (int)Math.Ceiling(totalSteps * ratio);

    private static int Ceiling(int a, int b) => (a + b - 1) / b;
}
