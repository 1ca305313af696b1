namespace AlpacaCot.Data;

/// <summary>A mistake in a data set, in its description or in how it is asked for: one line that names the file, the row and the fix.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>Makes the error with its one-line message.</summary>
    public DatasetException(string message) : base(message.ReplaceLineEndings(" ")) { }

    /// <summary>Makes the error with its one-line message and its cause.</summary>
    public DatasetException(string message, Exception inner) : base(message.ReplaceLineEndings(" "), inner) { }
}
