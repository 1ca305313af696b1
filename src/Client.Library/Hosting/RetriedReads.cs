using System.Reflection;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace AlpacaCot.Client.Library.Hosting;

/// <summary>Asks again where a call that changes nothing has not been answered.</summary>
internal static class RetriedReads
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(4);

    /// <summary>Retries calls that are marked with <see cref="IdempotentAttribute"/>, with pauses that grow.</summary>
    /// <param name="client">The client.</param>
    /// <param name="passing">Which failures may pass.</param>
    /// <param name="patience">A failure that comes later than this is the call's.</param>
    /// <param name="say">Told once where nothing is answered, and again once that has ended; null where nobody need know.</param>
    public static IClientBuilder RetryReads(this IClientBuilder client, Func<Exception, bool> passing, TimeSpan patience, Action<bool>? say = null)
    {
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => new Filter(passing, patience, services.GetService<TimeProvider>() ?? TimeProvider.System, say));
        return client;
    }

    private sealed class Filter(Func<Exception, bool> passing, TimeSpan patience, TimeProvider time, Action<bool>? say) : IOutgoingGrainCallFilter
    {
        private int _silent;

        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            var began = time.GetTimestamp();
            for (var pause = _pause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
                try
                {
                    await context.Invoke();
                    if (Interlocked.Exchange(ref _silent, 0) == 1) say?.Invoke(false);
                    return;
                }
                catch (Exception e) when (time.GetElapsedTime(began) < patience && passing(e) && context.InterfaceMethod?.GetCustomAttribute<IdempotentAttribute>() is not null)
                {
                    if (Interlocked.Exchange(ref _silent, 1) == 0) say?.Invoke(true);
                    await Task.Delay(pause, time);
                }
        }
    }
}
