namespace AlpacaCot.Torch;

/// <summary>libtorch refused: wrong shapes, missing operators, misuse of tensors and scopes. The message is libtorch's where it has one.</summary>
public class TorchException : Exception
{
    /// <summary>Creates it with a message.</summary>
    public TorchException(string message) : base(message)
    {
    }

    /// <summary>Creates it with a message and what caused it.</summary>
    public TorchException(string message, Exception inner) : base(message, inner)
    {
    }
}

/// <summary>A device has not enough memory, or the limit set for it would be exceeded.</summary>
public sealed class TorchOutOfMemoryException(string message) : TorchException(message);
