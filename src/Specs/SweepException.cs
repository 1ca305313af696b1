namespace AlpacaCot.Specs;

/// <summary>A mistake in what a user asked of an experiment: one line that names the file, the key and the fix.</summary>
public sealed class SweepException : Exception
{
    /// <summary>Makes the exception from its one-line message.</summary>
    public SweepException(string message) : base(message) { }

    /// <summary>Makes the exception from its one-line message and its cause.</summary>
    public SweepException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Makes the exception from all errors of a sweep file, one a line.</summary>
    public SweepException(IEnumerable<SpecError> errors) : base(string.Join('\n', errors)) { }
}
