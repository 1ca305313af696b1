namespace AlpacaCot.Specs.Keys;

/// <summary>
/// Content identities behind the names of a spec, so that keys follow what is read and not where it lies. What has no identity enters the keys as it is written.
/// </summary>
public sealed record SpecIdentities
{
    /// <summary>Version of everything in the code that changes examples or trained numbers; null where it is not known.</summary>
    public string? Code { get; init; }

    /// <summary><see cref="ModelSpec.Name"/> to what lies behind it.</summary>
    public IReadOnlyDictionary<string, ModelIdentity> Models { get; init; } = new Dictionary<string, ModelIdentity>();

    /// <summary><see cref="DataSpec.Name"/> to a hash of the rows of each source, in the spec's order; null for a source whose rows are not known.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string?>> Sources { get; init; } = new Dictionary<string, IReadOnlyList<string?>>();

    /// <summary><see cref="DataSpec.Name"/> to a hash of its template's text.</summary>
    public IReadOnlyDictionary<string, string> Templates { get; init; } = new Dictionary<string, string>();

    /// <summary><see cref="EvaluationSpec.Name"/> to a hash of the suite's items, its solved examples and its scorer's version.</summary>
    public IReadOnlyDictionary<string, string> Suites { get; init; } = new Dictionary<string, string>();

    /// <summary>Nothing is known: names and paths stand for themselves.</summary>
    public static SpecIdentities None { get; } = new();
}

/// <summary>What lies behind a base model.</summary>
/// <param name="Content">Hash of its config and weights; null where it is not known.</param>
/// <param name="Tokenizer">Hash of its tokenizer; null where it is not known.</param>
/// <param name="Targets">Method to option to the modules that the option stands for where it is left to the model's family.</param>
public sealed record ModelIdentity(
    string? Content, string? Tokenizer, IReadOnlyDictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> Targets)
{
    /// <summary>Hash of the chat template that it brings; null where it brings none, or is not known.</summary>
    public string? ChatTemplate { get; init; }
}
