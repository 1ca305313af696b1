using AlpacaCot.Files;

namespace AlpacaCot.Silo.Hosting;

/// <summary>Ends the process where its orderly end does not come: a grain that computes, or a disk that hangs, must not keep a silo that was told to end. Its workers end with it.</summary>
internal sealed class LastResort(IHostApplicationLifetime lifetime) : IHostedService
{
    /// <summary>What the host itself waits for at most, and a little.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(14);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A thread of its own: those of the pool may be what does not end.
        lifetime.ApplicationStopping.Register(() => new Thread(() =>
        {
            using var never = new ManualResetEventSlim();
            never.Wait(_patience);
            ProgramStart.End(1);
        }) { IsBackground = true, Name = "last resort" }.Start());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
