namespace Orleans.Serialization;

/// <summary>A value could not be copied, written or read.</summary>
[GenerateSerializer]
public class SerializerException : Exception
{
    /// <summary>With a message.</summary>
    public SerializerException(string message) : base(message) { }

    /// <summary>With a message and a cause.</summary>
    public SerializerException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>No way is known to copy or send a type. The message names the type and the member that holds it.</summary>
[GenerateSerializer]
public sealed class CodecNotFoundException : SerializerException
{
    /// <summary>With a message.</summary>
    public CodecNotFoundException(string message) : base(message) { }
}
