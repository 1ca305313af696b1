namespace AlpacaCot.Tests.Acceptance;

/// <summary>The programs under test and the checkout that they were built from.</summary>
internal static class Programs
{
    /// <summary>The command line's program.</summary>
    public static string Client { get; } = Of("Client");

    /// <summary>The silo's program.</summary>
    public static string Silo { get; } = Of("Silo");

    /// <summary>The worker's program.</summary>
    public static string Worker { get; } = Of("Worker");

    /// <summary>The checkout.</summary>
    public static string Checkout { get; } = FindCheckout();

    private static string Of(string name)
    {
        // Beside the tests: artifacts/bin/<project>/<configuration>.
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var program = Path.GetFullPath(Path.Combine(here, "..", "..", name, Path.GetFileName(here), $"AlpacaCot.{name}"));
        return File.Exists(program) ? program : throw new FileNotFoundException($"{program} is not built");
    }

    private static string FindCheckout()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "AlpacaCot.Orleans.sln"))) at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException($"no AlpacaCot.Orleans.sln above {AppContext.BaseDirectory}");
    }
}
