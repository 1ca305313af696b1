using AlpacaCot.Grains.Sessions;

namespace AlpacaCot.Silo.Hosting;

/// <summary>Ends a silo that a command has started when nobody needs it any more.</summary>
internal sealed class UnneededSilo(SiloUse use, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested && !use.Ending.IsCompleted)
        {
            await Task.WhenAny(use.Ending, Task.Delay(_period, time, stoppingToken));
            use.Check();
        }
        if (use.Ending.IsCompleted) lifetime.StopApplication();
    }
}
