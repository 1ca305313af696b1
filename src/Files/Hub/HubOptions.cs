namespace AlpacaCot.Files.Hub;

/// <summary>Where files come from and where they are kept.</summary>
public sealed record HubOptions
{
    /// <summary>The environment's variables: the hub's address or a mirror's, an access token, and whether nothing is to be fetched; the names that others use.</summary>
    public const string EndpointVariable = "HF_ENDPOINT", TokenVariable = "HF_TOKEN", OfflineVariable = "HF_HUB_OFFLINE";

    /// <summary>Folder that everything fetched is kept under.</summary>
    public required string Root { get; init; }

    /// <summary>Addresses of the hub and its mirrors, tried in order.</summary>
    public IReadOnlyList<Uri> BaseAddresses { get; init; } = [new("https://huggingface.co")];

    /// <summary>Serve from the cache alone; no connection is made.</summary>
    public bool Offline { get; init; }

    /// <summary>Access token for private and gated repositories; sent to the hub's own host only.</summary>
    public string? Token { get; init; }

    /// <summary>How often an interrupted transfer is taken up again before it fails.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>Wait before the first retry; doubles each time.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The largest file that is fetched: four times the largest shard that anyone publishes. A server could send for ever otherwise.</summary>
    public long MostBytes { get; init; } = 200_000_000_000;

    /// <summary>The longest answer about what a repository holds: a hundred thousand files have 10 MB.</summary>
    public long MostBytesOfListing { get; init; } = 16 << 20;

    /// <summary>A transfer that brings no byte for this long, or a server that does not answer at all, counts as interrupted.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The options that the environment asks for.</summary>
    /// <param name="root">Folder that everything fetched is kept under.</param>
    /// <exception cref="HubException">A variable holds no address.</exception>
    public static HubOptions FromEnvironment(string root) => Of(root, Environment.GetEnvironmentVariable);

    /// <summary>A text as an http or https address; null where it is none.</summary>
    public static Uri? Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) ? address : null;

    /// <summary>The options that variables ask for.</summary>
    internal static HubOptions Of(string root, Func<string, string?> variable)
    {
        var options = new HubOptions { Root = root, Token = variable(TokenVariable) is { Length: > 0 } token ? token.Trim() : null, Offline = variable(OfflineVariable) is "1" or "true" or "TRUE" };
        if (variable(EndpointVariable) is not { Length: > 0 } endpoint) return options;
        return Address(endpoint) is { } address
            ? options with { BaseAddresses = [address] }
            : throw new HubException($"{EndpointVariable} is '{endpoint}', which is no http or https address");
    }
}

/// <summary>How far a transfer is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Received">Bytes on disk, those of an earlier attempt included.</param>
/// <param name="Total">Bytes in all, where the server tells.</param>
public readonly record struct HubProgress(string File, long Received, long? Total);

/// <summary>Kinds of repositories on the hub.</summary>
public enum HubKind
{
    /// <summary>A model.</summary>
    Model,

    /// <summary>A data set.</summary>
    Dataset,
}
