using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>Asks what a sweep's names stand for.</summary>
public sealed record PrepareRequest : ToolRequest<SpecFacts>
{
    /// <summary>The sweep.</summary>
    public required SweepSpec Spec { get; init; }

    /// <summary>What relative paths in it count from.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>One of its mixes, where only that is asked for.</summary>
    public string? Mix { get; init; }

    /// <summary>Leave the mixes out, for whoever has them from elsewhere.</summary>
    public bool WithoutMixes { get; init; }

    /// <summary>Threads that the machine is measured with; all where null.</summary>
    public int? Threads { get; init; }
}

/// <summary>Asks for the model directories of the home.</summary>
public sealed record ModelsRequest : ToolRequest<IReadOnlyList<ListedModel>>;

/// <summary>Asks for the data sets that can be named.</summary>
public sealed record DataSetsRequest : ToolRequest<IReadOnlyList<ListedData>>;

/// <summary>Asks for the prompt templates.</summary>
public sealed record TemplatesRequest : ToolRequest<IReadOnlyList<ListedTemplate>>;

/// <summary>Asks what the worker computes with.</summary>
public sealed record DoctorRequest : ToolRequest<IReadOnlyList<DoctorFinding>>;

/// <summary>Asks how many GPUs there are.</summary>
public sealed record DevicesRequest : ToolRequest<DeviceCount>;
