namespace Orleans.Configuration;

/// <summary>Which cluster and service a silo or client belongs to.</summary>
public class ClusterOptions
{
    /// <summary>The deployment.</summary>
    public string ClusterId { get; set; } = "default";

    /// <summary>The service; stored state belongs to it.</summary>
    public string ServiceId { get; set; } = "default";
}

/// <summary>The silo itself.</summary>
public class SiloOptions
{
    /// <summary>The silo's name; generated where null.</summary>
    public string? SiloName { get; set; }
}

/// <summary>Messages, on both sides.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for a response: 30 s.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether requests that nobody waits for any more are dropped from a grain's queue.</summary>
    public bool DropExpiredMessages { get; set; } = true;

    /// <summary>The largest message body: 100 MiB. A larger one is refused where it is made, and harms no other call.</summary>
    public int MaxMessageBodySize { get; set; } = 100 * 1024 * 1024;

    /// <summary>Whether the token of a request is cancelled when its caller's wait times out.</summary>
    public bool CancelRequestOnTimeout { get; set; }

    /// <summary>Whether a caller that cancels waits until the grain has ended the call.</summary>
    public bool WaitForCancellationAcknowledgement { get; set; }
}

/// <summary>Messages of a silo.</summary>
public class SiloMessagingOptions : MessagingOptions
{
    /// <summary>The longest queue of one activation; requests above it fail with <see cref="LimitExceededException"/>. 0 is unbounded.</summary>
    public int MaxEnqueuedRequestsHardLimit { get; set; }

    /// <summary>The queue length at which a warning is logged. 0 is never.</summary>
    public int MaxEnqueuedRequestsSoftLimit { get; set; }
}

/// <summary>Messages of a client.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>When activations are collected as idle.</summary>
public class GrainCollectionOptions
{
    /// <summary>How long an activation stays without a request: 15 min.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for: 1 min.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Collection ages by the full name of the grain class.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How long an activation may take to start: 30 s.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may take to end: 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Turns of activations.</summary>
public class SchedulingOptions
{
    /// <summary>How long an activation may run turns before others get the thread: 100 ms.</summary>
    public TimeSpan ActivationSchedulingQuantum { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A turn longer than this is logged: 1 s.</summary>
    public TimeSpan TurnWarningLengthThreshold { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>Which grain classes a silo hosts.</summary>
public class GrainTypeOptions
{
    /// <summary>The classes; all that are found, less what is removed here.</summary>
    public HashSet<Type> Classes { get; } = [];
}
