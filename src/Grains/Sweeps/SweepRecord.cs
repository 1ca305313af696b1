using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>The head of a sweep's record: small, since every lease writes it. A sweep that has none does not exist.</summary>
internal sealed class SweepRecord
{
    public SweepHeader? Header { get; set; }

    /// <summary>Its end has been dealt with: slots given back, report written, experiment told.</summary>
    public bool Ended { get; set; }
}

/// <summary>The report of a sweep, as it was written last.</summary>
internal sealed class StoredReport
{
    public string? Html { get; set; }

    public string? Problem { get; set; }
}
