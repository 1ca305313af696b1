using System.Text.Json.Nodes;
using AlpacaCot.Evaluation;

namespace AlpacaCot.Worker.Jobs;

/// <summary>A sweep's <c>evaluation</c> entry as the suite's own declaration: its <c>options</c> stand beside the common keys.</summary>
internal static class SuiteDeclarations
{
    /// <summary>Creates the suite; its files count from the working folder (the sweep file's) and from the data sets' folder.</summary>
    /// <exception cref="EvaluationException">The suite or one of its options is unknown or wrong.</exception>
    public static ISuite Create(JsonNode entry, string datasets)
    {
        var declaration = entry.DeepClone().AsObject();
        if (declaration["options"] is JsonObject options)
        {
            declaration.Remove("options");
            foreach (var (key, value) in options) declaration[key] = value?.DeepClone();
        }
        return SuiteRegistry.Create(declaration, [Environment.CurrentDirectory, datasets]);
    }
}
