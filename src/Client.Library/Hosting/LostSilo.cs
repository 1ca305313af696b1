namespace AlpacaCot.Client.Library.Hosting;

/// <summary>What happens to calls whose silo is gone.</summary>
internal static class LostSilo
{
    /// <summary>While no silo can be reached, calls end at once, those under way too; they would wait half a minute for their time-out otherwise.</summary>
    public static IClientBuilder EndCallsWhenTheSiloIsGone(this IClientBuilder client)
    {
        var lost = new CancellationTokenSource();
        return client
            .AddClusterConnectionLostHandler((_, _) => Volatile.Read(ref lost).Cancel())
            .AddGatewayCountChangedHandler((_, gateways) =>
            {
                if (gateways.ConnectionRecovered) Volatile.Write(ref lost, new CancellationTokenSource());
            })
            .AddOutgoingGrainCallFilter(async call =>
            {
                var token = Volatile.Read(ref lost).Token;
                try
                {
                    await call.Invoke().WaitAsync(token);
                }
                catch (OperationCanceledException e) when (e.CancellationToken == token)
                {
                    throw new SiloUnavailableException("the connection to the silo is lost", e);
                }
            });
    }
}
