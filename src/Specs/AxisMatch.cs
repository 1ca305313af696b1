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
