namespace AlpacaCot.Specs.Keys;

/// <summary>
/// Content identities behind the references of a spec, so that keys follow what is read and not where it lies. A reference without identity enters
/// the keys as it is written.
/// </summary>
public sealed record SpecIdentities
{
    /// <summary><see cref="ModelSpec.Reference"/> to a hash of config, weights and tokenizer.</summary>
    public IReadOnlyDictionary<string, string> Models { get; init; } = new Dictionary<string, string>();

    /// <summary><see cref="SourceSpec.Reference"/> to a hash of the rows (for a generator, its version).</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary><see cref="EvaluationSpec.Name"/> to a hash of the suite's items and its scorer's version.</summary>
    public IReadOnlyDictionary<string, string> Suites { get; init; } = new Dictionary<string, string>();

    /// <summary>Nothing is known: references stand for themselves.</summary>
    public static SpecIdentities None { get; } = new();
}
