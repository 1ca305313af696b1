using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Methods;

/// <summary>The type of an adapter option's value.</summary>
public enum OptionKind
{
    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>One word, or a list of them (<c>all-linear</c>, <c>[q_proj, v_proj]</c>).</summary>
    Modules,

    /// <summary>A whole number or a list of them.</summary>
    Integers,

    /// <summary>One of <see cref="MethodOption.Choices"/>; <c>true</c> and <c>false</c> are flags.</summary>
    Choice,

    /// <summary>A mapping from a module's name or pattern to a whole number.</summary>
    IntegerMap,
}

/// <summary>One option of an adapter method, under PEFT's name.</summary>
/// <param name="Name">PEFT's name of the field in <c>adapter_config.json</c>.</param>
/// <param name="Kind">The value's type.</param>
/// <param name="Default">What an absent option stands for, as PEFT writes it.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record MethodOption(string Name, OptionKind Kind, JsonNode? Default, string Meaning)
{
    /// <summary>Shorter names that a sweep file may use (<c>alpha</c>).</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The words of an <see cref="OptionKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Smallest value.</summary>
    public double Min { get; init; }

    /// <summary>Largest value.</summary>
    public double Max { get; init; } = int.MaxValue;

    /// <summary>Whether <see cref="Min"/> itself is excluded.</summary>
    public bool Above { get; init; }
}

/// <summary>An adapter method as experiments know it: its options and its own learning rate. Its mathematics lives in the Adapters room.</summary>
/// <param name="Name">The name in a sweep file.</param>
/// <param name="PeftType">PEFT's <c>peft_type</c>.</param>
/// <param name="DefaultLearningRate">The rate of adapters that are given none.</param>
/// <param name="LearningRateReason">Where that rate comes from.</param>
/// <param name="Options">The options that are built.</param>
public sealed record MethodDefinition(
    string Name, string PeftType, double DefaultLearningRate, string LearningRateReason, IReadOnlyList<MethodOption> Options)
{
    /// <summary>Options that PEFT has and this project does not have yet, each with what to do.</summary>
    public IReadOnlyDictionary<string, string> NotBuilt { get; init; } = new Dictionary<string, string>();

    /// <summary>The option of that name or alias, or null.</summary>
    public MethodOption? Option(string name) => Options.FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name, StringComparer.Ordinal));

    /// <summary>The name that a sweep file uses by preference: the first alias, else PEFT's.</summary>
    public static string ShortName(MethodOption option) => option.Aliases.Count > 0 ? option.Aliases[0] : option.Name;
}
