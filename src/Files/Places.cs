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
        foreach (var candidate in roots.Select(root => Path.Combine(root, reference)).Append(reference))
            if (File.Exists(candidate) || Directory.Exists(candidate)) return Path.GetFullPath(candidate);
        return null;
    }
}
