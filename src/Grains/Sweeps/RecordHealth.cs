using System.Collections.Concurrent;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>
/// Whether the records of this silo's sweeps can be written. An activation that cannot write ends; this outlives it, so that people are told. A record has several parts: one that can be
/// written says nothing about another.
/// </summary>
internal sealed class RecordHealth
{
    private const int Patience = 3;
    private readonly ConcurrentDictionary<(string Sweep, string Part), (int Failures, string Message)> _failures = [];

    /// <summary>A write of a part has failed.</summary>
    public void Failed(string sweep, string part, string message) => _failures.AddOrUpdate((sweep, part), (1, message), (_, before) => (before.Failures + 1, message));

    /// <summary>A write of a part went well.</summary>
    public void Written(string sweep, string part) => _failures.TryRemove((sweep, part), out _);

    /// <summary>Why the record cannot be written, once that has gone on for a while.</summary>
    public string? ProblemOf(string sweep) => _failures.Where(failure => failure.Key.Sweep == sweep && failure.Value.Failures >= Patience).Select(failure => failure.Value.Message).FirstOrDefault();
}
