namespace AlpacaCot.Supervision;

/// <summary>Finds the platform's other programs beside a running one, in a build's output as in a published folder.</summary>
public static class Siblings
{
    /// <summary>The program <c>AlpacaCot.{name}.dll</c> for a program that runs from <paramref name="baseDirectory"/>.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere near.</exception>
    public static string Find(string baseDirectory, string name)
    {
        var file = $"AlpacaCot.{name}.dll";
        var here = Path.TrimEndingDirectorySeparator(baseDirectory);
        // A build puts each program into bin/<project>/<configuration>; a published folder holds them all, or one folder each.
        string[] places = [here, Path.Combine(here, "..", "..", name, Path.GetFileName(here)), Path.Combine(here, "..", name)];
        foreach (var place in places)
            if (File.Exists(Path.Combine(place, file)))
                return Path.GetFullPath(Path.Combine(place, file));
        throw new FileNotFoundException($"{file} is not beside {here}; build the solution with ./alpacacot");
    }

    /// <summary>The command that runs a program: its own executable where there is one, else the shared host.</summary>
    public static IReadOnlyList<string> Command(string program)
    {
        var executable = Path.ChangeExtension(program, null);
        return File.Exists(executable) ? [executable] : ["dotnet", program];
    }
}
