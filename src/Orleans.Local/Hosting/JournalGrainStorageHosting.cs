using AlpacaCot.LocalSilo.Reminders;
using AlpacaCot.LocalSilo.Storage.Journal;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Providers;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>The journal storage.</summary>
public sealed class JournalGrainStorageOptions
{
    /// <summary>The folder of the journal's files. One process at a time may use it; storages of one silo may share it.</summary>
    public string Root { get; set; } = "";

    /// <summary>How many bytes of replaced records are kept at least before the journal is compacted: 16 MiB.</summary>
    public long CompactAfterBytes { get; set; } = 16 << 20;
}

/// <summary>Durable storage on one machine: an append-only journal that survives <c>kill -9</c>. Reminders are kept in it as well.</summary>
public static class JournalGrainStorageSiloBuilderExtensions
{
    /// <summary>Adds a journal storage under a name, and reminders that are kept in the same journal.</summary>
    /// <exception cref="OrleansConfigurationException">At the silo's start: another process uses the folder.</exception>
    public static ISiloBuilder AddJournalGrainStorage(this ISiloBuilder builder, string name, Action<JournalGrainStorageOptions> configureOptions)
    {
        var services = builder.Services;
        services.Configure(name, configureOptions);
        services.AddSingleton(new JournalName(name));
        if (services.All(s => s.ServiceType != typeof(Journals)))
        {
            services.AddSingleton<Journals>();
            services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<Journals>());
            services.Replace(ServiceDescriptor.Singleton<IReminderStore>(provider => new JournalReminderStore(provider.GetRequiredService<Journals>(), name)));
            services.AddReminders();
        }
        services.AddGrainStorage(name, static (provider, key) => new JournalGrainStorage(provider.GetRequiredService<Journals>(), key));
        return builder;
    }

    /// <summary>Adds a journal storage for records that name none.</summary>
    public static ISiloBuilder AddJournalGrainStorageAsDefault(this ISiloBuilder builder, Action<JournalGrainStorageOptions> configureOptions)
        => builder.AddJournalGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);
}
