using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>What a silo's host holds.</summary>
internal static class SiloServices
{
    public static void AddSilo(IServiceCollection services)
    {
        services.AddLogging();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
    }
}
