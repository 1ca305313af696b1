namespace AlpacaCot.Adapters;

/// <summary>An adapter that cannot be read, made, applied or merged as asked; the message names the file or key and the fix.</summary>
public class AdapterException : Exception
{
    /// <summary>Creates it with a one-line message.</summary>
    public AdapterException(string message) : base(message) { }

    /// <summary>Creates it with a one-line message and its cause.</summary>
    public AdapterException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>A PEFT method, or a feature of one, that this project does not implement.</summary>
public sealed class AdapterNotSupportedException : AdapterException
{
    /// <summary>Creates it with a one-line message that names the method or the key.</summary>
    public AdapterNotSupportedException(string message) : base(message) { }
}
