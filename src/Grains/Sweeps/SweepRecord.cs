using AlpacaCot.Experiments;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>What is stored of a sweep beside its shards: how it was submitted, the head of its state, and its report.</summary>
internal sealed class SweepRecord
{
    public string Name { get; set; } = "";

    public string Yaml { get; set; } = "";

    public string BaseDirectory { get; set; } = "";

    public string Directory { get; set; } = "";

    public SweepHeader? Header { get; set; }

    /// <summary>Its end has been dealt with: slots given back, report written, experiment told.</summary>
    public bool Ended { get; set; }

    public string? ReportHtml { get; set; }

    public string? ReportProblem { get; set; }

    public string? Aggregates { get; set; }
}
