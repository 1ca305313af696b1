using AlpacaCot.Files;
using AlpacaCot.Supervision;

namespace AlpacaCot.Client.Library;

/// <summary>
/// Where the silo's and the worker's programs lie: where the client's folder was named, beside it; else beside this program, beside the <c>alpacacot</c> of the search path, or where the home's last silo or worker was
/// started from, whichever comes first.
/// </summary>
/// <param name="home">The home, which remembers where its programs were.</param>
/// <param name="named">The folder that was named, or null.</param>
/// <param name="own">The folder of this program.</param>
/// <param name="searchPath">The folders in which commands are looked for.</param>
internal sealed class PlatformPrograms(HomeLayout home, string? named, string own, string searchPath)
{
    /// <summary>What a checkout's and an image's command is called.</summary>
    private const string Command = "alpacacot";

    /// <summary>Where a checkout builds the client.</summary>
    private static readonly string _built = Path.Combine("artifacts", "bin", "Client", "release");

    /// <summary>Those of a program of the platform, whose folder is known.</summary>
    public static PlatformPrograms Beside(HomeLayout home, string folder) => new(home, folder, folder, "");

    /// <summary>Where the home remembers its programs.</summary>
    private string Remembered => Path.Combine(home.Run, "programs");

    /// <summary>The file <c>AlpacaCot.{name}.dll</c>.</summary>
    /// <exception cref="ClientException">It is nowhere; says what to set.</exception>
    public string Find(string name)
    {
        if (named is not null)
            return Siblings.TryFind(named, name)
                ?? throw new ClientException($"{Siblings.FileOf(name)} is not beside {named}; build the checkout with ./alpacacot, and name the client's folder in it, {_built}, or the published one", ExitCodes.Failed);
        foreach (var folder in Candidates())
            if (Siblings.TryFind(folder, name) is { } found)
                return found;
        throw new ClientException(
            $"the platform's program {Siblings.FileOf(name)} is not beside this one ({own}), there is no {Command} on the PATH that it lies beside, and nothing was started for {home.Root} before; "
            + $"set {nameof(LaboratoryOptions)}.{nameof(LaboratoryOptions.Programs)} to the client's folder: {_built} of a checkout that was built, or the published one", ExitCodes.Failed);
    }

    /// <summary>Notes in the home that a program of it was started from here.</summary>
    public void Remember(string program)
    {
        var folder = Path.GetDirectoryName(program)!;
        if (Recall() == folder) return;
        try
        {
            AtomicFile.WriteAllText(Remembered, folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be written to shows in the work itself.
        }
    }

    private IEnumerable<string> Candidates()
    {
        yield return own;
        foreach (var folder in searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            if (Path.Combine(folder, Command) is var file && File.Exists(file))
            {
                // A link in /usr/local/bin leads to a checkout's script, or to a published client.
                var target = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(file);
                yield return Path.GetDirectoryName(target)!;
                yield return Path.Combine(Path.GetDirectoryName(target)!, _built);
            }
        if (Recall() is { } remembered) yield return remembered;
    }

    private string? Recall()
    {
        try
        {
            return File.Exists(Remembered) ? File.ReadAllText(Remembered) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
