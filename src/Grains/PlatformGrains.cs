using AlpacaCot.Grains.Contracts;
using AlpacaCot.Grains.Slots;
using AlpacaCot.Grains.Sweeps;
using AlpacaCot.Worker.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AlpacaCot.Grains;

/// <summary>Where grain state is stored.</summary>
public static class GrainStorage
{
    /// <summary>Name of the storage provider that all grains use.</summary>
    public const string Name = "alpacacot";
}

/// <summary>Registration of the platform's grains in a silo.</summary>
public static partial class PlatformGrains
{
    /// <summary>Registers what the grains need.</summary>
    public static IServiceCollection AddPlatformGrains(this IServiceCollection services, SlotOptions slots, HomeLayout home)
        => services.AddSingleton(slots).AddSingleton(home).AddSingleton<RecordHealth>().AddSlotPlacement();

    /// <summary>When the silo is up: registers the node's slots and takes up the sweeps that are not done.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="devices">The node's device slots; none makes a silo that answers questions and drives nothing.</param>
    public static ISiloBuilder AddPlatformStartup(this ISiloBuilder silo, string node, IReadOnlyList<string> devices)
        => silo.AddStartupTask(async (services, cancellationToken) =>
        {
            if (devices.Count == 0) return;
            var grains = services.GetRequiredService<IGrainFactory>();
            var epoch = services.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds();
            await grains.GetGrain<ISlotRegistryGrain>("default").RegisterAsync(node, epoch, [.. devices.Select(device => new SlotKey(node, device).ToString())]);
            var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PlatformGrains));
            foreach (var sweep in await grains.GetGrain<ISweepIndexGrain>("default").ListAsync())
                try
                {
                    await grains.GetGrain<ISweepGrain>(sweep).WakeAsync();
                }
                catch (Exception e)
                {
                    // One sweep that cannot be read must not keep the others from going on.
                    LogNotWoken(logger, sweep, e.Message);
                }
        });

    [LoggerMessage(Level = LogLevel.Error, Message = "sweep {Sweep} cannot go on: {Problem}")]
    private static partial void LogNotWoken(ILogger logger, string sweep, string problem);
}
