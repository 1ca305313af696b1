namespace AlpacaCot.Files;

/// <summary>
/// Finds the files and folders that a sweep file, a command line or an option names. A relative path counts from each root in turn (the
/// sweep file's folder before the home's), then from the working folder; an absolute one stands for itself.
/// </summary>
/// <param name="roots">The roots, the first that has it wins.</param>
public sealed class Places(params IReadOnlyList<string> roots)
{
    /// <summary>Where the file or folder is, as a full path; null where it is nowhere.</summary>
    public string? Find(string reference)
    {
        if (string.IsNullOrWhiteSpace(reference)) return null;
        foreach (var candidate in Candidates(reference))
            if (File.Exists(candidate) || Directory.Exists(candidate)) return Path.GetFullPath(candidate);
        return null;
    }

    /// <summary>Where a reference that is nowhere was looked for, and what lies there under a name that is near to its: <c>looked in A and B; did you mean 'c.json'?</c>.</summary>
    /// <param name="reference">The reference.</param>
    /// <param name="nearest">Of a word and the known ones, the one that is near, or null.</param>
    public string Looked(string reference, Func<string, IEnumerable<string>, string?> nearest)
    {
        if (string.IsNullOrWhiteSpace(reference)) return "it is empty";
        if (reference.Contains('\0')) return "no path has a null character";
        var folders = Candidates(reference).Select(candidate => Path.GetDirectoryName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(candidate))) ?? "/").Distinct(StringComparer.Ordinal).ToList();
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(reference));
        var near = folders.Where(Directory.Exists).Select(folder => nearest(name, Names(folder))).FirstOrDefault(found => found is not null);
        return $"looked in {string.Join(" and ", folders)}{(near is null ? "" : $"; did you mean '{Path.Combine(Path.GetDirectoryName(reference) ?? "", near)}'?")}";
    }

    private IEnumerable<string> Candidates(string reference) => roots.Select(root => Path.Combine(root, reference)).Append(reference);

    private static List<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Where(name => !name.StartsWith('.'))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
