using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Worker.Jobs;

/// <summary>An evaluation of a spec as the suite's own declaration: its options stand beside the common keys.</summary>
internal static class SuiteDeclarations
{
    /// <summary>Creates the suite; its files count from the working folder (the sweep file's) and from the data sets' folder.</summary>
    /// <exception cref="EvaluationException">The suite or one of its options is unknown or wrong.</exception>
    public static ISuite Create(EvaluationSpec evaluation, string datasets)
    {
        var declaration = new JsonObject();
        foreach (var (key, value) in evaluation.Options) declaration[key] = JsonNode.Parse(value.GetRawText());
        foreach (var (key, value) in SweepSpecJson.Evaluation(evaluation))
            if (key != "options") declaration[key] = value?.DeepClone();
        return SuiteRegistry.Create(declaration, Roots(datasets));
    }

    /// <summary>A hash of all that a suite's results follow from beside the model: its items, its options with defaults, the files that the options name (solved examples too), its version.</summary>
    public static string ContentOf(ISuite suite, EvaluationSpec evaluation, string datasets)
    {
        var files = evaluation.Options.Values.SelectMany(Texts).SelectMany(text => Roots(datasets).Select(root => Path.Combine(root, text))).Where(File.Exists).Distinct(StringComparer.Ordinal);
        return ContentHash.OfText(string.Join('\n', [
            suite.Version, suite.Configuration.ToJsonString(), .. suite.Items.Select(item => item.Doc.ToJsonString()), .. files.Select(file => ContentHash.OfFiles([file]))]));
    }

    /// <summary>The files that hold an evaluation's questions; those of its solved examples are not among them.</summary>
    public static IEnumerable<string> QuestionFiles(EvaluationSpec evaluation, string datasets)
    {
        if (!evaluation.Options.TryGetValue("file", out var named)) return [];
        var places = new Places(Roots(datasets));
        return Texts(named).Select(places.Find).OfType<string>().SelectMany(path => Directory.Exists(path) ? Directory.EnumerateFiles(path) : [path]);
    }

    private static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
        _ => [],
    };

    /// <summary>Where a suite's files are looked for.</summary>
    public static IReadOnlyList<string> Roots(string datasets) => [Environment.CurrentDirectory, datasets];
}
