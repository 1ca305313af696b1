using AlpacaCot.Specs;

namespace AlpacaCot.Training;

/// <summary>
/// Which rows each optimiser step takes. Everything follows from the step's number, so a checkpoint need not hold a cursor.
/// An epoch's last step may have fewer rows.
/// </summary>
public sealed class StepPlan
{
    private readonly int _rows;
    private readonly int _rowsPerStep;

    /// <summary>Plans the steps of a member.</summary>
    /// <param name="rows">Number of training rows.</param>
    /// <param name="settings">Batch size, epochs or steps, warm-up.</param>
    public StepPlan(int rows, TrainingSpec settings)
    {
        (_rows, _rowsPerStep) = (rows, settings.BatchSize);
        StepsPerEpoch = settings.StepsPerEpoch(rows);
        TotalSteps = settings.TotalSteps(rows);
        WarmupSteps = settings.WarmupOf(TotalSteps);
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
}
