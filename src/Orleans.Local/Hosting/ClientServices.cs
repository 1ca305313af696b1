using AlpacaCot.LocalSilo.Calls;
using AlpacaCot.LocalSilo.Gateway;
using AlpacaCot.LocalSilo.Lifecycle;
using AlpacaCot.LocalSilo.Runtime;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>What a client's host holds.</summary>
internal static class ClientServices
{
    public static void AddClient(IServiceCollection services)
    {
        if (services.Any(s => s.ServiceType == typeof(GatewayClient))) return;
        if (services.Any(s => s.ServiceType == typeof(Silo))) throw new OrleansConfigurationException("one host cannot be both a silo and a client of another: a silo has an IClusterClient of its own");
        services.AddLogging();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CallMonitor>();
        services.AddSingleton<GatewayClient>();
        services.AddSingleton(provider =>
        {
            var client = provider.GetRequiredService<GatewayClient>();
            return new GrainFactory(client, client.Resolve, provider);
        });
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<GrainFactory>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<GrainFactory>());
        services.AddSingleton<IHostedService, ClientHost>();
    }
}

/// <summary>Connects a client with its host's start.</summary>
internal sealed class ClientHost(GatewayClient client, IServiceProvider services, ILogger<ClientHost> logger) : IHostedService
{
    private readonly LifecycleStages _lifecycle = new(logger);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var participant in services.GetServices<ILifecycleParticipant<IClusterClientLifecycle>>()) participant.Participate(_lifecycle);
        _lifecycle.Subscribe(nameof(GatewayClient), ServiceLifecycleStage.RuntimeServices, ConnectAsync, _ =>
        {
            client.Dispose();
            return Task.CompletedTask;
        });
        await _lifecycle.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _lifecycle.StopAsync(cancellationToken);

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var retry = services.GetService<IClientConnectionRetryFilter>();
        while (true)
            try
            {
                await client.ConnectAsync(cancellationToken);
                return;
            }
            catch (OrleansException e) when (retry is not null)
            {
                if (!await retry.ShouldRetryConnectionAttempt(e, cancellationToken)) throw;
            }
    }
}
