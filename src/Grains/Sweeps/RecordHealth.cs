using System.Collections.Concurrent;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>Whether the records of this silo's sweeps can be written. An activation that cannot write ends; this outlives it, so that people are told.</summary>
internal sealed class RecordHealth
{
    private const int Patience = 3;
    private readonly ConcurrentDictionary<string, (int Failures, string Message)> _failures = new(StringComparer.Ordinal);

    /// <summary>A write has failed.</summary>
    public void Failed(string sweep, string message) => _failures.AddOrUpdate(sweep, (1, message), (_, before) => (before.Failures + 1, message));

    /// <summary>A write went well.</summary>
    public void Written(string sweep) => _failures.TryRemove(sweep, out _);

    /// <summary>Why the record cannot be written, once that has gone on for a while.</summary>
    public string? ProblemOf(string sweep) => _failures.TryGetValue(sweep, out var failure) && failure.Failures >= Patience ? failure.Message : null;
}
