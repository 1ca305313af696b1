using AlpacaCot.LocalSilo.Reminders;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Timers;

namespace Orleans.Hosting;

/// <summary>Adds reminders to a silo.</summary>
public static class ReminderServiceCollectionExtensions
{
    /// <summary>Adds reminders. They last as long as the process unless a durable reminder service is added.</summary>
    public static IServiceCollection AddReminders(this IServiceCollection services)
    {
        services.TryAddSingleton<IReminderStore, InMemoryReminderStore>();
        if (services.Any(s => s.ServiceType == typeof(ReminderService))) return services;
        services.AddSingleton<ReminderService>();
        services.AddSingleton<IReminderRegistry>(provider => provider.GetRequiredService<ReminderService>());
        return services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ReminderService>());
    }

    /// <summary>Keeps reminders in memory: they are gone after the process.</summary>
    public static IServiceCollection UseInMemoryReminderService(this IServiceCollection services)
    {
        services.Replace(ServiceDescriptor.Singleton<IReminderStore, InMemoryReminderStore>());
        return services.AddReminders();
    }
}
