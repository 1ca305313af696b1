using AlpacaCot.Data.Importing;
using AlpacaCot.Files;
using AlpacaCot.Files.Hub;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Catalogue;

/// <summary>Brings data sets into the datasets folder: a local file or folder, an address, a repository of the hub, or a known set by its name.</summary>
/// <param name="hub">What fetches: it resumes what was interrupted, tries mirrors, compares hashes, and serves what it has while offline.</param>
/// <param name="datasets">The datasets folder.</param>
public sealed class DatasetAdding(HubClient hub, string datasets)
{
    private const string Hub = "hf:";

    /// <summary>Adds a set.</summary>
    /// <param name="reference">A file or folder that is there, an http address, <c>owner/name</c> or <c>hf:owner/name/file</c>, or the name of a known set.</param>
    /// <param name="name">The name that it is to have; null is its own.</param>
    /// <param name="sha256">What its one file must hash to.</param>
    /// <param name="revision">Branch, tag or commit of a repository.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Ends the work; what has arrived is kept for the next time.</param>
    /// <returns>The files under the datasets folder.</returns>
    /// <exception cref="DatasetException">There is no such set, its files are not rows, or its hash is another.</exception>
    /// <exception cref="HubException">It cannot be fetched.</exception>
    public async Task<IReadOnlyList<string>> AddAsync(string reference, string? name, string? sha256, string revision, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        if (name is not null && (name.Length == 0 || name[0] == '.' || name.AsSpan().ContainsAny('/', '\\'))) throw new DatasetException($"'{name}' is no name of a data set: it names a file or folder of the datasets folder");
        if (sha256 is not null && (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigit))) throw new DatasetException($"'{sha256}' is no SHA-256: 64 hex digits are needed");
        if (Directory.Exists(reference)) return Folder(reference, name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(reference)), sha256);
        if (File.Exists(reference)) return [Local(reference, name, sha256)];
        if (reference.StartsWith("http://", StringComparison.Ordinal) || reference.StartsWith("https://", StringComparison.Ordinal))
        {
            var fetched = await hub.FetchAsync(new Uri(reference), sha256, progress, cancellation).ConfigureAwait(false);
            return [Placed(fetched, name is null ? Path.GetFileName(fetched) : name + EndingOf(fetched))];
        }
        var known = DatasetCatalogue.Known.FirstOrDefault(set => set.Name == reference);
        if (known is { Files.Count: 0 }) throw new DatasetException($"data set {reference}: is not published where it could be fetched; get it from {known.Source} and give its files: data add FILE --name {reference}");
        if (known is null && !reference.Contains('/', StringComparison.Ordinal))
            throw new DatasetException($"{reference}: is no file that is there, no address, no repository (owner/name) and no known set; {Suggestions.For(reference, [.. DatasetCatalogue.Known.Select(set => set.Name).Distinct()])}".TrimEnd(' ', ';'));
        var sources = known?.Files ?? [reference.StartsWith(Hub, StringComparison.Ordinal) ? reference : Hub + reference];
        if (sha256 is not null && sources.Count != 1) throw new DatasetException($"{reference}: has {sources.Count} files, of which a SHA-256 can stand for none");
        var files = new List<string>();
        foreach (var source in sources) files.AddRange(await FetchAsync(source, sha256, revision, progress, cancellation).ConfigureAwait(false));
        var folder = name ?? known?.Name ?? reference.Split('/')[^1];
        return [.. files.Zip(Names(files)).Select(file => Placed(file.First, Path.Combine(folder, file.Second)))];
    }

    private async Task<IReadOnlyList<string>> FetchAsync(string source, string? sha256, string revision, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        if (!source.StartsWith(Hub, StringComparison.Ordinal)) return [await hub.FetchAsync(new Uri(source), sha256, progress, cancellation).ConfigureAwait(false)];
        var parts = source[Hub.Length..].Split('/');
        if (parts.Length < 2) throw new DatasetException($"{source}: is no repository: hf:owner/name is needed");
        var id = $"{parts[0]}/{parts[1]}";
        if (parts.Length == 2) return await hub.FetchDatasetAsync(id, IsRows, revision, progress, cancellation).ConfigureAwait(false);
        var file = await hub.FetchFileAsync(HubKind.Dataset, id, string.Join('/', parts[2..]), revision, progress, cancellation).ConfigureAwait(false);
        return [Checked(file, sha256)];
    }

    // What old repositories say of their own files is no file of rows.
    private static bool IsRows(string file) => DatasetCatalogue.IsData(file) && Path.GetFileName(file) != "dataset_infos.json";

    /// <summary>The files' names; of files that are called alike in several folders of a repository, their paths in it, so that none replaces another.</summary>
    private static IEnumerable<string> Names(List<string> files)
    {
        if (files.Select(Path.GetFileName).Distinct(StringComparer.OrdinalIgnoreCase).Count() == files.Count) return files.Select(file => Path.GetFileName(file));
        var common = Path.GetDirectoryName(files[0])!;
        while (!files.TrueForAll(file => file.StartsWith(common + Path.DirectorySeparatorChar, StringComparison.Ordinal))) common = Path.GetDirectoryName(common)!;
        return files.Select(file => Path.GetRelativePath(common, file).Replace(Path.DirectorySeparatorChar, '-'));
    }

    private string Local(string path, string? name, string? sha256)
    {
        Checked(path, sha256);
        if (!DatasetCatalogue.IsData(path)) throw new DatasetException($"{path}: is called like no file of rows (.json, .jsonl, .csv, .tsv, .parquet, .arrow, each also compressed)");
        return Placed(path, name is null ? Path.GetFileName(path) : name + EndingOf(path));
    }

    private List<string> Folder(string path, string name, string? sha256)
    {
        if (sha256 is not null) throw new DatasetException($"{path}: is a folder, of which a SHA-256 can stand for no file");
        var files = Directory.EnumerateFiles(path).Where(file => DatasetCatalogue.IsData(file) || Path.GetFileName(file) is "state.json" or DatasetInfoEntry.FileName).Order(StringComparer.Ordinal).ToList();
        return files.Exists(DatasetCatalogue.IsData) ? files.ConvertAll(file => Placed(file, Path.Combine(name, Path.GetFileName(file)))) : throw new DatasetException($"{path}: holds no file of rows");
    }

    private static string Checked(string path, string? sha256)
        => sha256 is null || SourceText.Hash(path).Equals(sha256, StringComparison.OrdinalIgnoreCase) ? path : throw new DatasetException($"{path}: its SHA-256 is {SourceText.Hash(path)}, not {sha256.ToLowerInvariant()}: it is another file");

    /// <summary>The file under its name in the datasets folder, where it appears whole or not at all.</summary>
    private string Placed(string from, string name)
    {
        var to = Path.Combine(datasets, name);
        if (Path.GetFullPath(from) == Path.GetFullPath(to)) return to;
        using var source = RegularFile.OpenRead(from);
        AtomicFile.Write(to, target => source.CopyTo(target));
        return to;
    }

    /// <summary>The ending of a file's name, of its compression too.</summary>
    private static string EndingOf(string path)
    {
        var name = Path.GetFileName(path);
        var at = name.IndexOf('.', 1);
        return at < 0 ? "" : name[at..];
    }
}
