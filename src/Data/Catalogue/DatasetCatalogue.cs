using AlpacaCot.Data.Formats;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Files;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Catalogue;

/// <summary>A file of a source and how its rows are read.</summary>
/// <param name="Path">The file.</param>
/// <param name="Set">The known set that it belongs to; null where the fields of its rows tell.</param>
/// <param name="Entry">The entry of a <c>dataset_info.json</c> that names it; null where none does.</param>
/// <param name="Encoding">The encoding that the source names; null where it names none.</param>
internal sealed record SourceFile(string Path, KnownSet? Set, DatasetInfoEntry? Entry, string? Encoding = null)
{
    /// <summary>The conversations of the file.</summary>
    public IEnumerable<Conversation> Read(Action<string>? remark, Action<string>? skipped)
    {
        var rows = RecordReader.Read(Path, null, remark, skipped, Entry is not null ? DatasetInfoRows.Importer(Entry) : Set?.Importer, new ReadOptions(Set?.Columns, Set is { IsOneObject: true }, Encoding));
        return Entry is { Samples: { } most } ? rows.Take(most) : rows;
    }
}

/// <summary>
/// Finds the files of a source. A relative path counts from the roots, then from the working folder. A name is a known set, an entry of a root's <c>dataset_info.json</c>, a file of that name, or a folder
/// NAME, in one of the datasets roots.
/// </summary>
public sealed class DatasetCatalogue
{
    private static readonly string[] _forms = [".json", ".jsonl", ".tsv", ".csv", ".parquet", ".arrow"];
    private static readonly string[] _extensions = [.. _forms, .. _forms.SelectMany(form => Compression.Endings.Select(ending => form + ending)), ".zip"];
    private readonly string[] _roots;

    /// <summary>Makes a catalogue over datasets folders; the first that has a set wins.</summary>
    public DatasetCatalogue(params IReadOnlyList<string> roots) => _roots = [.. roots];

    /// <summary>The sets known by name.</summary>
    public static IReadOnlyList<KnownSet> Known => KnownSets.All;

    /// <summary>Whether a file's name is that of rows.</summary>
    public static bool IsData(string path) => Array.Exists(_extensions, extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) && Path.GetFileName(path) != DatasetInfoEntry.FileName;

    /// <summary>The files of a source in the order in which they are read, or none for a generator.</summary>
    /// <exception cref="DatasetException">The set is unknown or not there, or the path does not exist.</exception>
    public IReadOnlyList<string> Files(SourceSpec source, string? language = null) => [.. SourceFiles(source, language).Select(file => file.Path)];

    /// <summary>The entries that the roots' <c>dataset_info.json</c> register, the first of a name.</summary>
    /// <exception cref="DatasetException">One of the files is wrong.</exception>
    public IReadOnlyList<DatasetInfoEntry> Registered()
        => [.. _roots.Select(root => Path.Combine(root, DatasetInfoEntry.FileName)).Where(File.Exists).SelectMany(path => DatasetInfoEntry.Load(path).Values).DistinctBy(entry => entry.Name)];

    /// <summary>The same with how each file's rows are read.</summary>
    internal IReadOnlyList<SourceFile> SourceFiles(SourceSpec source, string? language = null)
    {
        if (source.Goat is not null) return [];
        var files = source.Path is { } path ? [.. At(path).Select(file => new SourceFile(file, null, null))] : Find(source.Set!, source.Language ?? language);
        return source.Encoding is { } encoding ? [.. files.Select(file => file with { Encoding = encoding })] : files;
    }

    private IReadOnlyList<string> At(string path) => new Places(_roots).Find(path) switch
    {
        null => throw new DatasetException($"{path}: no such file ({new Places(_roots).Looked(path, Suggestions.Nearest)})"),
        var found when Directory.Exists(found) => Folder(found),
        var found => [found],
    };

    private IReadOnlyList<SourceFile> Find(string name, string? language)
    {
        var variants = Known.Where(set => set.Name == name).ToList();
        var wanted = variants.Where(set => language is null || set.Language == language || set.Language == KnownSet.SeveralLanguages).ToList();
        if (variants.Count > 0 && wanted.Count == 0)
            throw new DatasetException($"data set {name}: has no variant in {language}; it has {string.Join(", ", variants.Select(set => set.Language))}");

        foreach (var root in _roots)
        {
            if (Registered(root, name) is { } registered) return registered;
            foreach (var set in wanted)
                foreach (var pattern in set.Patterns)
                    if (Match(root, pattern) is { Count: > 0 } files) return [.. files.Select(file => new SourceFile(file, set, null))];
            if (_extensions.Select(extension => Path.Combine(root, name + extension)).FirstOrDefault(File.Exists) is { } own) return [new SourceFile(own, wanted.FirstOrDefault(), null)];
            if (Directory.Exists(Path.Combine(root, name))) return [.. Folder(Path.Combine(root, name)).Select(file => new SourceFile(file, wanted.FirstOrDefault(), null))];
        }
        // A mix whose own file is not there is made of its parts.
        if (wanted.Find(set => set.Parts.Count > 0) is { } mix) return [.. mix.Parts.SelectMany(part => Find(part, Known.Any(set => set.Name == part && set.Language == language) ? language : null))];

        var roots = _roots.Length == 0 ? "no datasets folder is set" : "looked in " + string.Join(" and ", _roots);
        if (variants.Count == 0)
            throw new DatasetException($"data set {name}: unknown ({roots}); known: {GoatGenerator.Name}, {string.Join(", ", Known.Select(set => set.Name).Distinct())}");
        var fetch = wanted.Exists(set => set.Files.Count > 0) ? $"; fetch it with data add {name}" : "";
        throw new DatasetException($"data set {name}: is not there ({roots}); expected {string.Join(" or ", wanted.SelectMany(set => set.Patterns))}{fetch}");
    }

    private static List<SourceFile>? Registered(string root, string name)
    {
        var path = Path.Combine(root, DatasetInfoEntry.FileName);
        if (!File.Exists(path) || !DatasetInfoEntry.Load(path).TryGetValue(name, out var entry)) return null;
        return [.. DatasetInfoRows.Files(entry, root).Select(file => new SourceFile(file, null, entry))];
    }

    private static List<string> Match(string root, string pattern)
    {
        var folder = Path.Combine(root, Path.GetDirectoryName(pattern) ?? "");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Where(IsData).Order(StringComparer.Ordinal)] : [];
    }

    private static IReadOnlyList<string> Folder(string folder)
    {
        if (SavedDataset.Files(folder) is { } saved) return saved;
        var files = Directory.EnumerateFiles(folder).Where(IsData).Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new DatasetException($"{folder}: holds no {string.Join(", ", _forms)} file");
    }
}
