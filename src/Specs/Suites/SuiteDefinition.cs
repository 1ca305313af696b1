using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Suites;

/// <summary>The type of a suite option's value.</summary>
public enum SuiteOptionKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A text or a list of them.</summary>
    Texts,

    /// <summary>A file.</summary>
    File,

    /// <summary>A file, a folder or a list of them.</summary>
    Files,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A whole number or a list of them.</summary>
    Integers,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>One of <see cref="SuiteOption.Choices"/>.</summary>
    Choice,

    /// <summary>A list of mappings.</summary>
    Objects,
}

/// <summary>One option of a suite, declared once: the suite reads it, errors and <c>show suite</c> explain it by this.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The value's type.</param>
/// <param name="Default">What is taken where it is left out; null where that is nothing.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record SuiteOption(string Name, SuiteOptionKind Kind, JsonNode? Default, string Meaning)
{
    /// <summary>The words of a <see cref="SuiteOptionKind.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether it must be given.</summary>
    public bool Required { get; init; }
}

/// <summary>A suite as everybody knows it: its options and what it measures. How it asks and scores lives in the Evaluation room.</summary>
/// <param name="Name">The name in a sweep file.</param>
/// <param name="Meaning">What is asked, and what it is scored by.</param>
/// <param name="Rows">Where its questions come from.</param>
/// <param name="Metrics">The metrics that it gives, in their order.</param>
/// <param name="Example">A line of a sweep's <c>evaluation</c>.</param>
/// <param name="Options">Its own options.</param>
public sealed record SuiteDefinition(string Name, string Meaning, string Rows, IReadOnlyList<string> Metrics, string Example, IReadOnlyList<SuiteOption> Options)
{
    /// <summary>Questions that are asked where no limit is given; 0 is all.</summary>
    public int DefaultLimit { get; init; }

    /// <summary>Its own options and those that every suite has.</summary>
    public IEnumerable<SuiteOption> AllOptions => [.. SuiteCatalogue.Common(DefaultLimit), .. Options];

    /// <summary>The option of that name, or null.</summary>
    public SuiteOption? Option(string name) => AllOptions.FirstOrDefault(option => option.Name == name);
}
