namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Merges an adapter into its base.</summary>
public sealed record MergeRequest : ToolRequest
{
    /// <summary>The base's directory, or its name under the home's models.</summary>
    public required string Model { get; init; }

    /// <summary>The adapter's directory.</summary>
    public required string Adapter { get; init; }

    /// <summary>The model directory to write.</summary>
    public required string Out { get; init; }

    /// <summary>What the merged model is stored as, one of the precisions; as the base is where null, but bf16 where that is in few bits.</summary>
    public string? Into { get; init; }

    /// <summary>Largest allowed difference of logits; by the type of the base where null.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Replace a model that is there already.</summary>
    public bool Force { get; init; }
}

/// <summary>Shows an adapter.</summary>
public sealed record ShowAdapterRequest : ToolRequest
{
    /// <summary>The adapter's directory.</summary>
    public required string Adapter { get; init; }
}

/// <summary>Compares two adapters.</summary>
public sealed record CompareAdaptersRequest : ToolRequest
{
    /// <summary>An adapter's directory.</summary>
    public required string Left { get; init; }

    /// <summary>The other one.</summary>
    public required string Right { get; init; }
}

/// <summary>Makes one adapter of several.</summary>
public sealed record CombineAdaptersRequest : ToolRequest
{
    /// <summary>The adapters' directories.</summary>
    public required IReadOnlyList<string> Adapters { get; init; }

    /// <summary>The base's directory, or its name under the home's models.</summary>
    public required string Model { get; init; }

    /// <summary>The adapter directory to write.</summary>
    public required string Out { get; init; }

    /// <summary>A weight for each; 1 each where there are none.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];

    /// <summary>How they are combined.</summary>
    public string Type { get; init; } = "cat";

    /// <summary>Rank of the result of a type that needs one; the largest of theirs where null.</summary>
    public int? Rank { get; init; }

    /// <summary>Share of the values that is kept by a type that prunes; half where null.</summary>
    public double? Density { get; init; }

    /// <summary>How a sign is elected; by the total where null.</summary>
    public string? MajoritySignMethod { get; init; }

    /// <summary>Replace an adapter that is there already.</summary>
    public bool Force { get; init; }
}
