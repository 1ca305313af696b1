using System.Reflection;
using AlpacaCot.Grains.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace AlpacaCot.Client.Hosting;

/// <summary>Asks again where a call that changes nothing has not been answered.</summary>
internal static class RetriedReads
{
    private const int Tries = 4;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Retries calls that are marked with <see cref="IdempotentAttribute"/>, with pauses that double.</summary>
    /// <param name="client">The client.</param>
    /// <param name="passing">Which failures may pass.</param>
    public static IClientBuilder RetryReads(this IClientBuilder client, Func<Exception, bool> passing)
    {
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => new Filter(passing, services.GetService<TimeProvider>() ?? TimeProvider.System));
        return client;
    }

    private sealed class Filter(Func<Exception, bool> passing, TimeProvider time) : IOutgoingGrainCallFilter
    {
        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            for (var attempt = 1; ; attempt++)
                try
                {
                    await context.Invoke();
                    return;
                }
                catch (Exception e) when (attempt < Tries && passing(e) && context.InterfaceMethod?.GetCustomAttribute<IdempotentAttribute>() is not null)
                {
                    await Task.Delay(_pause * (1 << (attempt - 1)), time);
                }
        }
    }
}
