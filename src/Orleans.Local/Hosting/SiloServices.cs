using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Gateway;
using AlpacaCot.LocalSilo.Runtime;
using AlpacaCot.LocalSilo.Storage;
using AlpacaCot.LocalSilo.Timers;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Timers;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>What a silo's host holds.</summary>
internal static class SiloServices
{
    public static void AddSilo(IServiceCollection services)
    {
        if (services.Any(s => s.ServiceType == typeof(Silo))) return;
        if (services.Any(s => s.ServiceType == typeof(GatewayClient))) throw new OrleansConfigurationException("one host cannot be both a silo and a client of another: a silo has an IClusterClient of its own");
        services.AddLogging();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.Configure<GrainTypeOptions>(options => options.Classes.UnionWith(GrainClasses.Discover()));
        services.AddSingleton<CallMonitor>();
        services.AddSingleton<LocalSender>();
        services.AddSingleton<GrainClasses>();
        services.AddSingleton<Silo>();
        services.AddSingleton<ILocalSiloDetails, LocalSiloDetails>();
        services.AddSingleton(provider => new GrainFactory(
            provider.GetRequiredService<LocalSender>(), (shape, prefix) => provider.GetRequiredService<GrainClasses>().Resolve(shape, prefix), provider));
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<GrainFactory>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<GrainFactory>());
        services.AddSingleton<ITimerRegistry, TimerRegistry>();
        services.AddSingleton<IGrainRuntime, GrainRuntime>();
        services.AddSingleton<IGrainContextAccessor, GrainContextAccessor>();
        services.AddSingleton<IPersistentStateFactory, PersistentStateFactory>();
        services.AddSingleton<GatewayServer>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<GatewayServer>());
        services.AddSingleton<IHostedService, SiloHost>();
    }
}
