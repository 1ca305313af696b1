using AlpacaCot.Experiments;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Writes a sweep's report beside its trials.</summary>
internal static class SweepReports
{
    /// <summary>Writes Markdown, HTML and JSON; each appears whole or not at all.</summary>
    public static Task<(ReportFiles Files, string Aggregates)> WriteAsync(SweepState state, SweepRecord record) => throw new IOException("pending");
}
