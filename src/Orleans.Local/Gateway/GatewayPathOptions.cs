namespace AlpacaCot.LocalSilo.Gateway;

/// <summary>Where the gateway's socket file is; null where there is none.</summary>
internal sealed class GatewayPathOptions
{
    public string? Path { get; set; }
}
