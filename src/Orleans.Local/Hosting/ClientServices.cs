using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>What a client's host holds.</summary>
internal static class ClientServices
{
    public static void AddClient(IServiceCollection services)
    {
        services.AddLogging();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
    }
}
