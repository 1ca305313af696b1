namespace AlpacaCot.Grains.Contracts;

/// <summary>The name under which silos and clients of the platform know each other. Stored state is keyed by it, so it stays.</summary>
public static class PlatformCluster
{
    /// <summary>Cluster id and service id.</summary>
    public const string Id = "alpacacot";
}
