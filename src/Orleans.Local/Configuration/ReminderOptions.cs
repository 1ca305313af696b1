namespace Orleans.Hosting;

/// <summary>Reminders.</summary>
public sealed class ReminderOptions
{
    /// <summary>The shortest period that may be registered: 1 min.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);
}
