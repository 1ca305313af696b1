namespace AlpacaCot.Training;

/// <summary>A training that cannot be started or continued as asked; the message names the member, file or setting and the fix.</summary>
public class TrainingException : Exception
{
    /// <summary>Creates it with a one-line message.</summary>
    public TrainingException(string message) : base(message) { }

    /// <summary>Creates it with a one-line message and its cause.</summary>
    public TrainingException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>A loss or gradient became infinite or not a number. No member has been updated in that step.</summary>
public sealed class NonFiniteException : TrainingException
{
    /// <summary>Names the member, the step (counted from 1) and the tensor.</summary>
    public NonFiniteException(string member, int step, string tensor)
        : base($"{member}: {tensor} is not finite at step {step}; a lower learning rate or stronger clipping may help")
        => (Member, Step, Tensor) = (member, step, tensor);

    /// <summary>Name of the member.</summary>
    public string Member { get; }

    /// <summary>Number of the optimiser step, counted from 1.</summary>
    public int Step { get; }

    /// <summary>The loss, or the key of the parameter whose gradient it is.</summary>
    public string Tensor { get; }
}
