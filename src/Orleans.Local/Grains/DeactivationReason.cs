namespace Orleans;

/// <summary>Why an activation ends.</summary>
public enum DeactivationReasonCode : byte
{
    /// <summary>No reason.</summary>
    None,
    /// <summary>The silo stops.</summary>
    ShuttingDown,
    /// <summary>Activation failed.</summary>
    ActivationFailed,
    /// <summary>The grain directory failed.</summary>
    DirectoryFailure,
    /// <summary>No request came for the collection age.</summary>
    ActivationIdle,
    /// <summary>The activation does not respond.</summary>
    ActivationUnresponsive,
    /// <summary>Another activation of the grain exists.</summary>
    DuplicateActivation,
    /// <summary>A request was incompatible with the activation.</summary>
    IncompatibleRequest,
    /// <summary>The application failed, for one with a write that met a foreign version of its state.</summary>
    ApplicationError,
    /// <summary>The application asked for it.</summary>
    ApplicationRequested,
    /// <summary>The activation moves to another silo.</summary>
    Migrating,
    /// <summary>The runtime asked for it.</summary>
    RuntimeRequested,
    /// <summary>Memory is short.</summary>
    HighMemoryPressure,
}

/// <summary>Why an activation ends, in words, with the exception where one is the cause.</summary>
public readonly struct DeactivationReason
{
    /// <summary>Creates a reason.</summary>
    public DeactivationReason(DeactivationReasonCode code, string text) : this(code, null, text) { }

    /// <summary>Creates a reason with its cause.</summary>
    public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
    {
        ReasonCode = code;
        Description = text;
        Exception = exception;
    }

    /// <summary>The kind of reason.</summary>
    public DeactivationReasonCode ReasonCode { get; }

    /// <summary>The reason in words.</summary>
    public string Description { get; }

    /// <summary>The cause, if an exception is it.</summary>
    public Exception? Exception { get; }

    /// <inheritdoc/>
    public override string ToString() => Exception is null ? $"{ReasonCode}: {Description}" : $"{ReasonCode}: {Description}. {Exception.GetType().Name}: {Exception.Message}";
}
