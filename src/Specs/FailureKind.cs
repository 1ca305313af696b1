using System.Text.Json.Serialization;

namespace AlpacaCot.Specs;

/// <summary>Why work ended before its end. It is told where that happens, once, and decides what is done about it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FailureKind>))]
public enum FailureKind
{
    /// <summary>Anything that may go better next time: a crash, a lapsed lease.</summary>
    Unknown,

    /// <summary>A fault of the machine that passes: a full disk, a lost connection, a kill from outside.</summary>
    Transient,

    /// <summary>The device or the machine had no memory left.</summary>
    OutOfMemory,

    /// <summary>A loss, a gradient or logits were no finite number; final.</summary>
    NonFinite,

    /// <summary>The input cannot be used (a file, a key, a shape, a text); final.</summary>
    Data,

    /// <summary>Stopped because it was asked to.</summary>
    Cancelled,

    /// <summary>The slot was needed for something else, or its node is shutting down; costs nothing.</summary>
    Preempted,
}
