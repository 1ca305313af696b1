using AlpacaCot.Data.Goat;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Catalogue;

/// <summary>A set that a spec can name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Language">Its language (<c>en</c>, <c>zh</c>).</param>
/// <param name="About">What it is.</param>
/// <param name="Patterns">Files under a datasets root that hold it, the first pattern with files counts; <c>*</c> stands for any part of a file name.</param>
public sealed record KnownSet(string Name, string Language, string About, IReadOnlyList<string> Patterns);

/// <summary>
/// Finds the files of a source. A relative path counts from the roots, then from the working folder. A name is a known set, or a file <c>NAME.json</c>, <c>.jsonl</c> or <c>.tsv</c>, or a folder NAME, in one of the datasets roots.
/// </summary>
public sealed class DatasetCatalogue
{
    private static readonly string[] _extensions = [".json", ".jsonl", ".tsv"];
    private readonly string[] _roots;

    /// <summary>Makes a catalogue over datasets folders; the first that has a set wins.</summary>
    public DatasetCatalogue(params IReadOnlyList<string> roots) => _roots = [.. roots];

    /// <summary>The sets known by name.</summary>
    public static IReadOnlyList<KnownSet> Known { get; } =
    [
        new("alpaca", "en", "Stanford Alpaca instructions", ["alpaca_data_cleaned.json", "alpaca_data.json", "instructions/alpaca_en_demo.json"]),
        new("alpaca", "zh", "Alpaca instructions in Chinese", ["alpaca_gpt4_data_zh.json", "instructions/alpaca_zh_demo.json"]),
        new("alpaca-tiny", "en", "100 Alpaca rows", ["instructions/alpaca_tiny.json"]),
        new("cot", "en", "FLAN v2's chain-of-thought sets", ["CoT_data.json", "cot/*_train.tsv"]),
        new("cot", "zh", "the same in Chinese", ["CoT_Chinese_data.json", "CoT_CN_data.json"]),
        .. new[] { "aqua", "creak", "ecqa", "esnli", "gsm8k", "qasc", "qed", "sensemaking", "strategyqa" }
            .Select(set => new KnownSet($"cot-{set}", "en", $"FLAN v2's chain-of-thought set {set}", [$"cot/{set}_train.tsv"])),
        new("gsm8k", "en", "grade-school mathematics with working", ["math/gsm8k/train.jsonl", "gsm8k/train.jsonl"]),
        new("belle", "zh", "BELLE instructions in Chinese", ["belle_data_cn.json"]),
        new("belle1.5m", "zh", "BELLE, 1.5 million rows", ["belle_data1.5M_cn.json"]),
        new("finance", "en", "financial questions", ["finance_en.json"]),
        new("code-alpaca", "en", "programming instructions", ["code_alpaca_20k.json", "instructions/code_alpaca_2k.json"]),
        new("gpteacher-roleplay", "en", "role play", ["instructions/gpteacher_roleplay.json"]),
        new("seed-tasks", "en", "Self-Instruct's hand-written seed tasks", ["seed_tasks.jsonl", "instructions/seed_tasks.jsonl"]),
    ];

    /// <summary>The files of a source in the order in which they are read, or none for a generator.</summary>
    /// <exception cref="DatasetException">The set is unknown or not there, or the path does not exist.</exception>
    public IReadOnlyList<string> Files(SourceSpec source, string? language = null)
    {
        if (source.Goat is not null) return [];
        if (source.Path is { } path) return At(path);
        return Find(source.Set!, source.Language ?? language);
    }

    private IReadOnlyList<string> At(string path) => new Places(_roots).Find(path) switch
    {
        null => throw new DatasetException($"{path}: no such file ({new Places(_roots).Looked(path, Suggestions.Nearest)})"),
        var found when Directory.Exists(found) => Folder(found),
        var found => [found],
    };

    private IReadOnlyList<string> Find(string name, string? language)
    {
        var variants = Known.Where(set => set.Name == name).ToList();
        var wanted = variants.Where(set => language is null || set.Language == language).ToList();
        if (variants.Count > 0 && wanted.Count == 0)
            throw new DatasetException($"data set {name}: has no variant in {language}; it has {string.Join(", ", variants.Select(set => set.Language))}");

        foreach (var root in _roots)
        {
            foreach (var pattern in wanted.SelectMany(set => set.Patterns))
                if (Match(root, pattern) is { Count: > 0 } files) return files;
            if (_extensions.Select(extension => Path.Combine(root, name + extension)).FirstOrDefault(File.Exists) is { } file) return [file];
            if (Directory.Exists(Path.Combine(root, name))) return Folder(Path.Combine(root, name));
        }

        var roots = _roots.Length == 0 ? "no datasets folder is set" : "looked in " + string.Join(" and ", _roots);
        if (variants.Count == 0)
            throw new DatasetException($"data set {name}: unknown ({roots}); known: {GoatGenerator.Name}, {string.Join(", ", Known.Select(set => set.Name).Distinct())}");
        throw new DatasetException($"data set {name}: is not there ({roots}); expected {string.Join(" or ", wanted.SelectMany(set => set.Patterns))}");
    }

    private static List<string> Match(string root, string pattern)
    {
        var folder = Path.Combine(root, Path.GetDirectoryName(pattern) ?? "");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Order(StringComparer.Ordinal)] : [];
    }

    private static List<string> Folder(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Where(file => _extensions.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new DatasetException($"{folder}: holds no {string.Join(", ", _extensions)} file");
    }
}
