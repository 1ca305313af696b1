namespace AlpacaCot.Supervision;

/// <summary>Finds the platform's other programs beside a running one, in a build's output as in a published folder.</summary>
public static class Siblings
{
    /// <summary>The program <c>AlpacaCot.{name}.dll</c> for a program that runs from <paramref name="baseDirectory"/>.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere near.</exception>
    public static string Find(string baseDirectory, string name)
        => TryFind(baseDirectory, name) ?? throw new FileNotFoundException($"{FileOf(name)} is not beside {Path.TrimEndingDirectorySeparator(baseDirectory)}; build the solution with ./alpacacot");

    /// <summary>The program for one that runs from <paramref name="baseDirectory"/>; null where it is nowhere near.</summary>
    public static string? TryFind(string baseDirectory, string name)
    {
        var here = Path.TrimEndingDirectorySeparator(baseDirectory);
        // A build puts each program into bin/<project>/<configuration>; a published folder holds them all, or one folder each.
        string[] places = [here, Path.Combine(here, "..", "..", name, Path.GetFileName(here)), Path.Combine(here, "..", name)];
        return places.Select(place => Path.GetFullPath(Path.Combine(place, FileOf(name)))).FirstOrDefault(File.Exists);
    }

    /// <summary>The file name of a program.</summary>
    public static string FileOf(string name) => $"AlpacaCot.{name}.dll";

    /// <summary>The command that runs a program: its own executable where there is one, else the shared host.</summary>
    public static IReadOnlyList<string> Command(string program)
    {
        var executable = Path.ChangeExtension(program, null);
        return File.Exists(executable) ? [executable] : ["dotnet", program];
    }
}
