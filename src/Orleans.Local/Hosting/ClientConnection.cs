namespace Orleans;

/// <summary>Hears about the connection of a client to its gateway.</summary>
public interface IClusterConnectionStatusObserver
{
    /// <summary>The number of connected gateways changed.</summary>
    void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered);

    /// <summary>No gateway is connected any more.</summary>
    void NotifyClusterConnectionLost();
}

/// <summary>Decides whether a client tries to connect again.</summary>
public interface IClientConnectionRetryFilter
{
    /// <summary>True to try again. Waits as long as it sees fit.</summary>
    Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken);
}
