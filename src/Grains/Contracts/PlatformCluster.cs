namespace AlpacaCot.Grains.Contracts;

/// <summary>The name under which silos and clients of the platform know each other. Stored state is keyed by it, so it stays.</summary>
public static class PlatformCluster
{
    /// <summary>Cluster id and service id.</summary>
    public const string Id = "alpacacot";

    /// <summary>Most slots of a node, far more than any machine has devices: each is a grain, and a process once it works.</summary>
    public const int MostSlots = 4096;

    /// <summary>The environment variable that holds the connection string of a cluster's PostgreSQL; where it is empty, there is one machine and no cluster.</summary>
    public const string Variable = "ALPACACOT_CLUSTER";

    /// <summary>The schema in which the cluster's tables lie where the connection string names no search path, so that other programs' tables may lie beside it.</summary>
    public const string Schema = "alpacacot";
}
