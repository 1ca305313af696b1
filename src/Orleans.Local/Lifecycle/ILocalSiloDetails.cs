namespace Orleans.Runtime;

/// <summary>Who this silo is.</summary>
public interface ILocalSiloDetails
{
    /// <summary>The silo's name (<see cref="SiloOptions.SiloName"/>).</summary>
    string Name { get; }

    /// <summary>The cluster's identity.</summary>
    string ClusterId { get; }

    /// <summary>The host's name.</summary>
    string DnsHostName { get; }

    /// <summary>The silo's address; another one at every start.</summary>
    SiloAddress SiloAddress { get; }

    /// <summary>The address that clients use.</summary>
    SiloAddress GatewayAddress { get; }
}
