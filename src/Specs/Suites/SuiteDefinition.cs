namespace AlpacaCot.Specs.Suites;

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

    /// <summary>The largest limit: of a suite that makes its questions, as many as are made.</summary>
    public int LargestLimit { get; init; } = int.MaxValue;

    /// <summary>Its own options and those that every suite has.</summary>
    public IEnumerable<SuiteOption> AllOptions => [.. CommonOptions.Of(DefaultLimit, LargestLimit), .. Options];

    /// <summary>The option of that name, or null.</summary>
    public SuiteOption? Option(string name) => AllOptions.FirstOrDefault(option => option.Name == name);
}
