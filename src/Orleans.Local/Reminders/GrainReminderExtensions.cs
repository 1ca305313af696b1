using Orleans.Timers;

namespace Orleans;

/// <summary>Reminders of a grain. The grain must implement <see cref="IRemindable"/>.</summary>
public static class GrainReminderExtensions
{
    /// <summary>Registers a reminder, or replaces the one of that name.</summary>
    /// <param name="grain">The grain.</param>
    /// <param name="reminderName">The name within the grain.</param>
    /// <param name="dueTime">Time until the first tick, at least zero.</param>
    /// <param name="period">Time between ticks, at least <see cref="Orleans.Hosting.ReminderOptions.MinimumReminderPeriod"/>.</param>
    /// <exception cref="InvalidOperationException">The grain does not implement <see cref="IRemindable"/>, or the silo has no reminders.</exception>
    /// <exception cref="ArgumentException">A time is out of its range.</exception>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        if (grain is not IRemindable) throw new InvalidOperationException($"{grain?.GetType().Name} must implement IRemindable to register reminders");
        return Registry(grain).RegisterOrUpdateReminder(grain.GrainContext.GrainId, reminderName, dueTime, period);
    }

    /// <summary>Removes a reminder.</summary>
    public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder) => Registry(grain).UnregisterReminder(grain.GrainContext.GrainId, reminder);

    /// <summary>The reminder of that name, or null.</summary>
    public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName) => Registry(grain).GetReminder(grain.GrainContext.GrainId, reminderName);

    /// <summary>All reminders of the grain.</summary>
    public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain) => Registry(grain).GetReminders(grain.GrainContext.GrainId);

    private static IReminderRegistry Registry(IGrainBase grain)
        => grain.GrainContext.ActivationServices.GetService<IReminderRegistry>()
            ?? throw new InvalidOperationException("the silo has no reminders: call AddReminders, UseInMemoryReminderService or a durable reminder service");
}
