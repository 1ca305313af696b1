using System.Text.Json;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs;

/// <summary>A condition on the other axes: an axis value or a combination counts where every named axis has one of the listed values.</summary>
/// <param name="Values">Axis (<c>model</c>, <c>peft</c>, <c>data</c>, <c>cot</c>, <c>seed</c>) to the names allowed on it.</param>
public sealed record AxisMatch(IReadOnlyDictionary<string, IReadOnlyList<string>> Values)
{
    /// <summary>The names of the axes, in the order of a trial's name.</summary>
    public static IReadOnlyList<string> Axes { get; } = ["model", "peft", "data", "cot", "seed"];

    /// <summary>Whether a combination (axis to name) meets every line of the condition.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> combination)
        => Values.All(line => combination.TryGetValue(line.Key, out var name) && line.Value.Contains(name, StringComparer.Ordinal));
}

/// <summary>A value of the axis <c>models</c>: a base model. Either <see cref="Path"/> or <see cref="Hub"/> is set.</summary>
public sealed record ModelSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>A model folder, relative to the sweep file or to the home's <c>models/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>A repository <c>owner/name</c> on the hub.</summary>
    public string? Hub { get; init; }

    /// <summary>The hub's revision; null is its main one.</summary>
    public string? Revision { get; init; }

    /// <summary>How the frozen base is held: <c>fp32</c>, <c>bf16</c>; null follows <see cref="TrainingSpec.Precision"/>.</summary>
    public string? Load { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }

    /// <summary>The folder or the hub's name, whichever was given.</summary>
    public string Reference => Path ?? Hub ?? "";
}

/// <summary>A value of the axis <c>peft</c>: an adapter method with its options.</summary>
public sealed record MethodSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>The method's name in <see cref="MethodCatalogue"/>.</summary>
    public required string Method { get; init; }

    /// <summary>
    /// The options that were given, under PEFT's names (<c>lora_alpha</c>); defaults are added by <see cref="MethodCatalogue.AdapterConfig"/>.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Options { get; init; } = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);

    /// <summary>The adapter's own learning rate; null falls back to <see cref="TrainingSpec.LearningRate"/>, then to the method's default.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }
}

/// <summary>A value of the axis <c>data</c>: a mix of sources.</summary>
public sealed record DataSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>The sources, at least one.</summary>
    public required IReadOnlyList<SourceSpec> Sources { get; init; }

    /// <summary>The prompt template; null falls back to <see cref="SweepSpec.Template"/>.</summary>
    public string? Template { get; init; }

    /// <summary>The language of the rows and prompts; null falls back to <see cref="SweepSpec.Language"/>.</summary>
    public string? Language { get; init; }

    /// <summary>What is learnt of rows with a rationale: <c>answer</c> (it is left out) or <c>rationale</c> (it comes before the answer).</summary>
    public string Cot { get; init; } = "rationale";

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }

    /// <summary>The values of <see cref="Cot"/>.</summary>
    public static IReadOnlyList<string> CotUses { get; } = ["answer", "rationale"];
}

/// <summary>One source of a data mix. One of <see cref="Set"/>, <see cref="Path"/> and <see cref="Goat"/> is set.</summary>
public sealed record SourceSpec
{
    /// <summary>A name in the catalogue of data sets.</summary>
    public string? Set { get; init; }

    /// <summary>A file or folder, relative to the sweep file or to the home's <c>datasets/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Options of the arithmetic generator, as written; the Data room owns their meaning.</summary>
    public JsonElement? Goat { get; init; }

    /// <summary>How often a row is drawn in relation to the mix's other sources.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>At most this many rows; null is all.</summary>
    public int? Limit { get; init; }

    /// <summary>
    /// Seed of what is random in the source itself (a generator's questions, the rows a limit keeps); null is the source's default.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>The variant of a known set.</summary>
    public string? Language { get; init; }

    /// <summary><c>answer</c> or <c>rationale</c>; null follows the mix.</summary>
    public string? Cot { get; init; }

    /// <summary>The sentence that cues rationales in training prompts; null is the source's.</summary>
    public string? Cue { get; init; }

    /// <summary>The set's name, the path, or <c>goat</c>.</summary>
    public string Reference => Set ?? Path ?? (Goat is null ? "" : GoatName);

    /// <summary>The generator's name, which stands for its defaults where a set is named.</summary>
    internal const string GoatName = "goat";
}

/// <summary>A value of the axis <c>cot</c>: how the model is asked.</summary>
public sealed record CotSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public required string Name { get; init; }

    /// <summary>The sentence appended to each instruction when asking (the study's CoT*); null asks as it is.</summary>
    public string? Cue { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }
}
