using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Datasets;
using AlpacaCot.Grains.Sessions;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Grains.Workers;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace AlpacaCot.Grains;

/// <summary>Where grain state is stored.</summary>
public static class GrainStorage
{
    /// <summary>Name of the storage provider that all grains use.</summary>
    public const string Name = "alpacacot";
}

/// <summary>Registration of the platform's grains in a silo.</summary>
public static class PlatformGrains
{
    /// <summary>Registers what the grains need.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="slots">How slots supervise their workers.</param>
    /// <param name="home">The platform's home.</param>
    /// <param name="forCommands">Whether a command has started the silo, which then drives only what it is given.</param>
    public static IServiceCollection AddPlatformGrains(this IServiceCollection services, SlotOptions slots, HomeLayout home, bool forCommands = false)
        => services.AddSingleton(slots).AddSingleton(home).AddSingleton(provider => new SiloUse(provider.GetRequiredService<TimeProvider>(), forCommands)).AddSingleton<RecordHealth>().AddSingleton<SlotWorkers>().AddSingleton<DatasetWorker>().AddSlotPlacement().AddPlatformVocabulary();

    /// <summary>Makes the silo a node of the platform: its slots are registered while it is up, and its start wakes the sweeps that are not done.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="devices">The node's device slots; none makes a silo that only answers.</param>
    public static ISiloBuilder AddPlatformNode(this ISiloBuilder silo, string node, IReadOnlyList<string> devices)
    {
        silo.UseSiloMetadata(new Dictionary<string, string> { [SlotPlacement.NodeName] = node });
        silo.Services.AddSingleton(new Node(node, devices)).AddSingleton<NodeRegistration>()
            .AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<NodeRegistration>());
        return silo;
    }
}
