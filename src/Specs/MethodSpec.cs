using System.Text.Json;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Specs;

/// <summary>A value of the axis <c>peft</c>: an adapter method with its options.</summary>
public sealed record MethodSpec
{
    /// <summary>What stands in place of a method's name where a base is asked without an adapter.</summary>
    public const string UntunedName = "base";

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
