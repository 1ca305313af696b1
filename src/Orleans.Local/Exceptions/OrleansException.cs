namespace Orleans.Runtime
{
    /// <summary>The base of the runtime's exceptions.</summary>
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        /// <summary>Without details.</summary>
        public OrleansException() : base("Unexpected error.") { }

        /// <summary>With a message.</summary>
        public OrleansException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public OrleansException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A request was refused; what became of it is unknown.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        /// <summary>Without details.</summary>
        public OrleansMessageRejectionException() { }

        /// <summary>With a message.</summary>
        public OrleansMessageRejectionException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public OrleansMessageRejectionException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>The silo went away while a request was under way; what became of it is unknown.</summary>
    [GenerateSerializer]
    public class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>Without details.</summary>
        public SiloUnavailableException() { }

        /// <summary>With a message.</summary>
        public SiloUnavailableException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public SiloUnavailableException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A client is gone.</summary>
    [GenerateSerializer]
    public class ClientNotAvailableException : OrleansException
    {
        /// <summary>Without details.</summary>
        public ClientNotAvailableException() { }

        /// <summary>With a message.</summary>
        public ClientNotAvailableException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public ClientNotAvailableException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>The gateway refuses work for now.</summary>
    [GenerateSerializer]
    public class GatewayTooBusyException : OrleansException
    {
        /// <summary>Without details.</summary>
        public GatewayTooBusyException() { }

        /// <summary>With a message.</summary>
        public GatewayTooBusyException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public GatewayTooBusyException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A limit was reached, for one the length of a grain's queue.</summary>
    [GenerateSerializer]
    public class LimitExceededException : OrleansException
    {
        /// <summary>Without details.</summary>
        public LimitExceededException() { }

        /// <summary>With a message.</summary>
        public LimitExceededException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public LimitExceededException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A reference belongs to no runtime.</summary>
    [GenerateSerializer]
    public class GrainReferenceNotBoundException : OrleansException
    {
        /// <summary>Without details.</summary>
        public GrainReferenceNotBoundException() { }

        /// <summary>With a message.</summary>
        public GrainReferenceNotBoundException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public GrainReferenceNotBoundException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A start was cancelled.</summary>
    [GenerateSerializer]
    public class OrleansLifecycleCanceledException : OrleansException
    {
        /// <summary>Without details.</summary>
        public OrleansLifecycleCanceledException() { }

        /// <summary>With a message.</summary>
        public OrleansLifecycleCanceledException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public OrleansLifecycleCanceledException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>A reminder could not be registered or removed.</summary>
    [GenerateSerializer]
    public class ReminderException : OrleansException
    {
        /// <summary>Without details.</summary>
        public ReminderException() { }

        /// <summary>With a message.</summary>
        public ReminderException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public ReminderException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>The configuration is wrong; found at start.</summary>
    [GenerateSerializer]
    public class OrleansConfigurationException : Exception
    {
        /// <summary>With a message.</summary>
        public OrleansConfigurationException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public OrleansConfigurationException(string message, Exception? innerException) : base(message, innerException) { }
    }

    /// <summary>Stands for an exception of a type that this process does not know.</summary>
    [GenerateSerializer]
    public sealed class WrappedException : OrleansException
    {
        /// <summary>With the original's message.</summary>
        public WrappedException(string message) : base(message) { }

        /// <summary>The original's type.</summary>
        [Id(0)]
        public string? OriginalExceptionType { get; set; }

        /// <inheritdoc/>
        public override string ToString() => $"{OriginalExceptionType}: {base.ToString()}";
    }

    /// <summary>An enumeration ended because nobody pulled for too long, or the activation ended. Resume by a cursor.</summary>
    [GenerateSerializer]
    public sealed class EnumerationAbortedException : Exception
    {
        /// <summary>Without details.</summary>
        public EnumerationAbortedException() { }

        /// <summary>With a message.</summary>
        public EnumerationAbortedException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public EnumerationAbortedException(string message, Exception? innerException) : base(message, innerException) { }
    }
}

namespace Orleans.Runtime.Messaging
{
    /// <summary>The gateway cannot be reached.</summary>
    [GenerateSerializer]
    public class ConnectionFailedException : OrleansException
    {
        /// <summary>Without details.</summary>
        public ConnectionFailedException() { }

        /// <summary>With a message.</summary>
        public ConnectionFailedException(string message) : base(message) { }

        /// <summary>With a message and a cause.</summary>
        public ConnectionFailedException(string message, Exception? innerException) : base(message, innerException) { }
    }
}
