using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Worker.Jobs;

/// <summary>The suites of a spec's evaluations; their files count from the working folder (the sweep file's) and from the data sets' folder.</summary>
internal static class SuiteDeclarations
{
    /// <summary>Creates the suite.</summary>
    /// <exception cref="EvaluationException">The suite or one of its options is unknown or wrong.</exception>
    public static ISuite Create(EvaluationSpec evaluation, string datasets) => SuiteRegistry.Create(evaluation, Roots(datasets));

    /// <summary>A hash of all that a suite's results follow from beside the model: its items, its options with defaults, the files that the options name (solved examples too), its version.</summary>
    public static string ContentOf(ISuite suite, string datasets)
    {
        var files = suite.Configuration.Files.SelectMany(named => Roots(datasets).Select(root => Path.Combine(root, named.Path))).Where(File.Exists).Distinct(StringComparer.Ordinal);
        return ContentHash.OfText(string.Join('\n', [
            suite.Version, suite.Configuration.ToJson().ToJsonString(), .. suite.Items.Select(item => item.Doc.ToJsonString()), .. files.Select(file => ContentHash.OfFiles([file]))]));
    }

    /// <summary>The files that hold a suite's questions; those of its solved examples are not among them.</summary>
    public static IEnumerable<string> QuestionFiles(ISuite suite, string datasets)
    {
        var places = new Places(Roots(datasets));
        return suite.Configuration.Files.Where(named => named.Option == SuiteOptions.QuestionFile).Select(named => places.Find(named.Path)).OfType<string>()
            .SelectMany(path => Directory.Exists(path) ? Directory.EnumerateFiles(path) : [path]);
    }

    /// <summary>Where a suite's files are looked for.</summary>
    public static IReadOnlyList<string> Roots(string datasets) => [Environment.CurrentDirectory, datasets];
}
