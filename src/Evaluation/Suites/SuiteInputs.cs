using AlpacaCot.Files;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>What a suite is made from: its options, and the files that they name.</summary>
internal sealed class SuiteInputs(SuiteOptions options, IReadOnlyList<string> roots)
{
    private readonly Places _places = new(roots);

    /// <summary>The options.</summary>
    public SuiteOptions Options => options;

    /// <summary>Whether a limit keeps a seeded sample and not the first.</summary>
    public bool Sampled => options.Of(CommonOptions.Order) != CommonOptions.First;

    /// <summary>The value of an option.</summary>
    public T Of<T>(SuiteOption<T> option) => options.Of(option);

    /// <summary>A file, as <see cref="Files"/> finds it; null where the option is not given.</summary>
    public string? File(SuiteOption<string> option) => Of(option) is { Length: > 0 } path ? Find(path) : null;

    /// <summary>A file that must be given.</summary>
    public string RequiredFile(SuiteOption<string> option) => File(option) ?? throw Wrong(option, "names no file");

    /// <summary>Files: a relative path counts from the roots, then from the working folder; a folder stands for its tables in order of name.</summary>
    public IReadOnlyList<string> Files(SuiteOption<IReadOnlyList<string>> option) => [.. Of(option).Select(Find).SelectMany(path => Directory.Exists(path)
        ? Directory.EnumerateFiles(path).Where(f => Path.GetExtension(f) is ".csv" or ".jsonl" or ".json" or ".txt" or ".tsv").Order(StringComparer.Ordinal)
        : (IEnumerable<string>)[path])];

    /// <summary>Files of which there must be one at least.</summary>
    public IReadOnlyList<string> RequiredFiles(SuiteOption<IReadOnlyList<string>> option) => Files(option) is { Count: > 0 } files ? files : throw Wrong(option, "names no file");

    /// <summary>An option that cannot be used.</summary>
    public EvaluationException Wrong(SuiteOption option, string why) => new(options.Wrong(option, why).Message);

    private string Find(string path) => _places.Find(path) ?? throw new EvaluationException($"suite {options.Definition.Name}: {path}: no such file ({_places.Looked(path, Suggestions.Nearest)})");
}
