using AlpacaCot.LocalSilo.Lifecycle;
using AlpacaCot.LocalSilo.Runtime;
using Microsoft.Extensions.Hosting;

namespace AlpacaCot.LocalSilo.Hosting;

/// <summary>Takes a silo through its lifecycle with its host.</summary>
internal sealed class SiloHost(IServiceProvider services, Silo silo, ILocalSiloDetails details) : IHostedService
{
    private readonly LifecycleStages _lifecycle = new(silo.Logger);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var participant in services.GetServices<ILifecycleParticipant<ISiloLifecycle>>()) participant.Participate(_lifecycle);
        _lifecycle.Subscribe(
            nameof(Catalog), ServiceLifecycleStage.GrainDeactivation,
            _ =>
            {
                silo.Catalog.StartCollecting();
                return Task.CompletedTask;
            },
            silo.Catalog.StopAsync);
        try
        {
            await _lifecycle.StartAsync(cancellationToken);
        }
        catch
        {
            await _lifecycle.StopAsync(CancellationToken.None);
            throw;
        }
        RuntimeLog.SiloActive(silo.Logger, details.Name, silo.Classes.Count);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _lifecycle.StopAsync(cancellationToken);
}
