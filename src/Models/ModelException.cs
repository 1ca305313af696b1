namespace AlpacaCot.Models;

/// <summary>A model, checkpoint or configuration that cannot be used; the message names file, tensor and cause.</summary>
public sealed class ModelException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelException(string message, Exception? cause = null) : base(message.ReplaceLineEndings(" "), cause) { }
}
