namespace AlpacaCot.LocalSilo.Runtime;

/// <summary>What the runtime logs.</summary>
internal static partial class RuntimeLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "A turn of {Grain} took {Elapsed}; long work belongs on a thread of its own")]
    public static partial void LongTurn(ILogger logger, GrainId grain, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Activation of {Grain} failed")]
    public static partial void ActivationFailed(ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "OnDeactivateAsync of {Grain} failed")]
    public static partial void DeactivationFailed(ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Grain} ends although requests still run, after {Elapsed}")]
    public static partial void DeactivationForced(ILogger logger, GrainId grain, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Activation of {Grain} ended: {Reason}")]
    public static partial void Deactivated(ILogger logger, GrainId grain, DeactivationReason reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A timer of {Grain} failed; its schedule goes on")]
    public static partial void TimerFailed(ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Waiting} requests wait for {Grain}")]
    public static partial void LongQueue(ILogger logger, int waiting, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A tick of reminder {Reminder} of {Grain} failed")]
    public static partial void ReminderFailed(ILogger logger, string reminder, GrainId grain, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Silo {Name} is active with {Classes} grain classes")]
    public static partial void SiloActive(ILogger logger, string name, int classes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The minimum reminder period is {Period}; below a minute is for tests")]
    public static partial void ShortReminders(ILogger logger, TimeSpan period);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A cancelled token's callback failed in {Grain}")]
    public static partial void CancellationFailed(ILogger logger, GrainId grain, Exception exception);
}
