using System.Text.Json;
using Xunit;

namespace AlpacaCot.Tests;

/// <summary>
/// The golden cases: outputs of the reference implementations under <c>$ALPACACOT_GOLDEN</c> (default <c>../shared/golden</c>).
/// Cases are discovered by walking the root for <c>golden.json</c> and reading <c>kind</c>; no folder's name is assumed.
/// </summary>
public static class Golden
{
    private const string Variable = "ALPACACOT_GOLDEN";
    private const string Absent = "(no golden cases: set ALPACACOT_GOLDEN)";

    /// <summary>The root folder, or null where there is none.</summary>
    public static string? Root { get; } = Find(Variable, "golden");

    /// <summary>Whether the cases are those that are pinned: in continuous integration, on the root beside the checkout.</summary>
    public static bool ArePinned => Environment.GetEnvironmentVariable("CI") == "true" && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Theory rows: the folders (relative to the root) of all cases of a kind.</summary>
    public static IEnumerable<object[]> Folders(params string[] kinds)
    {
        var rows = (Root is null ? [] : Directory.EnumerateFiles(Root, "golden.json", SearchOption.AllDirectories))
            .Where(file => kinds.Contains(Kind(file)))
            .Select(file => Path.GetRelativePath(Root!, Path.GetDirectoryName(file)!).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)
            .Select(folder => new object[] { folder })
            .ToList();
        return rows.Count > 0 ? rows : [[Root is null ? Absent : $"(no case of kind {string.Join(" or ", kinds)})"]];
    }

    /// <summary>
    /// Opens a case. Where the root is absent the test is skipped with a clear line, or fails where the root was promised:
    /// in continuous integration, or by the variable that names it.
    /// </summary>
    public static GoldenCase Open(string folder)
    {
        if (Root is null)
        {
            var promised = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } || Environment.GetEnvironmentVariable("CI") == "true";
            Assert.False(promised, "the golden root is absent: ALPACACOT_GOLDEN must name a folder, or ../shared/golden must exist");
        }
        Assert.SkipWhen(folder.StartsWith('('), folder);
        var path = Path.Combine(Root!, folder);
        return new GoldenCase(folder, path, JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, "golden.json"))).RootElement);
    }

    /// <summary>
    /// Fails where continuous integration finds fewer cases of a kind than there were when the test was written: a root that is half there, or a case whose
    /// kind is no longer read, would let tests pass by leaving them out. Another root, named by the variable, may hold other cases.
    /// </summary>
    public static void AtLeast(params (string Kind, int Cases)[] pinned)
    {
        Assert.SkipUnless(ArePinned, "the number of golden cases is checked where CI=true and no other root is named");
        foreach (var (kind, cases) in pinned)
        {
            var found = Folders(kind).Count(row => row[0] is string folder && !folder.StartsWith('('));
            Assert.True(found >= cases, $"{found} golden cases of kind {kind} under {Root ?? Absent}, {cases} are pinned");
        }
    }

    /// <summary>Resolves a path of a case: <c>data/…</c> is looked for beside the root and in the real data, other paths inside the root.</summary>
    public static string Resolve(string path)
    {
        if (!path.StartsWith("data/", StringComparison.Ordinal)) return Path.Combine(Root!, path);
        var beside = Path.Combine(Root!, "..", path);
        if (File.Exists(beside) || Directory.Exists(beside)) return beside;
        return Path.Combine(RealData.Require(), path["data/".Length..]);
    }

    /// <summary>A page of the checkout's documentation.</summary>
    public static string Documentation(string page)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "AlpacaCot.Orleans.sln"))) return Path.Combine(at.FullName, "docs", page);
        throw new FileNotFoundException($"docs/{page}: the tests do not lie in a checkout");
    }

    internal static string? Find(string variable, string name)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } root) return Directory.Exists(root) ? Path.GetFullPath(root) : null;
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "AlpacaCot.Orleans.sln")))
            {
                var path = Path.Combine(at.FullName, "..", "shared", name);
                return Directory.Exists(path) ? Path.GetFullPath(path) : null;
            }
        return null;
    }

    private static string? Kind(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.TryGetProperty("kind", out var kind) ? kind.GetString() : null;
    }
}

/// <summary>One golden case: its folder under the root, its path and its <c>golden.json</c>.</summary>
public sealed record GoldenCase(string Folder, string Path, JsonElement Json)
{
    /// <summary>A file of the case.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A tolerance by name (<c>logits_rel</c>), or a default.</summary>
    public double Tolerance(string name, double otherwise)
        => Json.TryGetProperty("tolerance", out var t) && t.TryGetProperty(name, out var v) ? v.GetDouble() : otherwise;
}

/// <summary>The real data under <c>$ALPACACOT_DATA</c> (default <c>../shared/data</c>).</summary>
public static class RealData
{
    /// <summary>The root folder, or null where there is none.</summary>
    public static string? Root { get; } = Golden.Find("ALPACACOT_DATA", "data");

    /// <summary>The root; skips the test with a clear line where it is absent.</summary>
    public static string Require()
    {
        Assert.SkipWhen(Root is null, "no real data: set ALPACACOT_DATA");
        return Root!;
    }

    /// <summary>A file of the real data; skips the test where it is absent.</summary>
    public static string File(string relative)
    {
        var path = Path.Combine(Require(), relative);
        Assert.SkipUnless(System.IO.File.Exists(path) || Directory.Exists(path), $"the real data has no {relative}");
        return path;
    }
}

/// <summary>A folder that is deleted at the end of a test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>The folder's path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("alpacacot-").FullName;

    /// <summary>A path inside the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        try { Directory.Delete(Path, recursive: true); }
        catch (IOException) { }
    }
}
