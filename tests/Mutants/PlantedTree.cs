using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AlpacaCot.Tests.Mutants;

/// <summary>
/// A copy of the checkout in which every fault stands beside the right code, behind a switch that an environment variable turns: it is built
/// once for all of them. The checkout itself is never changed.
/// </summary>
internal sealed partial class PlantedTree(string checkout, string folder)
{
    /// <summary>The variable that switches one fault on, in the tests and in every process that they start.</summary>
    public const string Variable = "ALPACACOT_FAULT";

    private static readonly string[] _folders = ["src", "tests", "deploy", "examples", "benchmarks", "docs"];
    private static readonly string[] _files = ["AlpacaCot.Orleans.sln", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.txt", ".editorconfig", "nuget.config", "global.json", "alpacacot", "README.md"];

    private const string Switch = """
        namespace AlpacaCot
        {
            internal static class Fault
            {
                private static readonly string? _planted = System.Environment.GetEnvironmentVariable("ALPACACOT_FAULT");
                public static bool On(string number) => _planted == number;
            }
        }
        """;

    /// <summary>Copies the checkout, plants the faults and builds it, without those that do not compile.</summary>
    /// <returns>The faults that are left out, each with what the compiler says.</returns>
    /// <exception cref="InvalidOperationException">A fault's piece is not there exactly once, or the tree does not compile though no fault is to blame.</exception>
    public IReadOnlyList<(Fault Fault, string Error)> Build(IReadOnlyList<Fault> faults)
    {
        var (left, broken) = (faults.ToList(), new List<(Fault, string)>());
        while (TryBuild(left) is { Count: > 0 } errors)
        {
            var blamed = errors.SelectMany(error => BlamedFor(error, left).Select(fault => (Fault: fault, Error: error))).DistinctBy(pair => pair.Fault.Number).ToList();
            if (blamed.Count == 0) throw new InvalidOperationException("the tree with the faults does not compile:\n" + string.Join('\n', errors.Take(20)));
            left.RemoveAll(fault => blamed.Any(pair => pair.Fault == fault));
            broken.AddRange(blamed);
        }
        return broken;
    }

    // The faults on the line of an error, or all of its file where the compiler stumbles on what comes after one.
    private List<Fault> BlamedFor(string error, List<Fault> planted)
    {
        if (Place().Match(error) is not { Success: true } place) return [];
        var ofFile = planted.Where(fault => Path.Combine(folder, fault.File) == place.Groups[1].Value).ToList();
        if (ofFile.Count == 0) return [];
        var line = File.ReadLines(place.Groups[1].Value).ElementAtOrDefault(int.Parse(place.Groups[2].Value, CultureInfo.InvariantCulture) - 1) ?? "";
        var onLine = ofFile.Where(fault => line.Contains(SwitchOf(fault), StringComparison.Ordinal)).ToList();
        return onLine.Count > 0 ? onLine : ofFile;
    }

    private static string SwitchOf(Fault fault) => $"global::AlpacaCot.Fault.On(\"{fault.Number}\")";

    [GeneratedRegex(@"^\s*(\S.*?)\((\d+),\d+\): error")]
    private static partial Regex Place();

    private List<string> TryBuild(IReadOnlyList<Fault> faults)
    {
        foreach (var name in _folders.Where(name => Directory.Exists(Path.Combine(checkout, name)))) Copy(name);
        foreach (var name in _files.Where(name => File.Exists(Path.Combine(checkout, name)))) CopyFile(name);
        foreach (var file in faults.GroupBy(fault => fault.File, StringComparer.Ordinal)) Plant(file.Key, [.. file]);
        Write(Path.Combine(folder, "Fault.cs"), Switch);
        // Every project gets the switch; what analyzers think of planted code does not matter.
        Write(Path.Combine(folder, "Directory.Build.rsp"), "-p:TreatWarningsAsErrors=false\n-p:EnforceCodeStyleInBuild=false\n-p:RunAnalyzers=false\n");
        var targets = File.ReadAllText(Path.Combine(checkout, "Directory.Build.targets"));
        Write(Path.Combine(folder, "Directory.Build.targets"), targets.Replace("</Project>", $"  <ItemGroup Condition=\"'$(IsTestRoom)' != 'true'\"><Compile Include=\"{folder}/Fault.cs\" /></ItemGroup>\n</Project>", StringComparison.Ordinal));
        var (code, text) = Run("dotnet", ["build", Path.Combine(folder, "AlpacaCot.Orleans.sln"), "-c", "Release", "-v", "quiet", "--nologo", "-clp:NoSummary"], null, TimeSpan.FromMinutes(20));
        return code == 0 ? [] : [.. text.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).DefaultIfEmpty(text).Distinct()];
    }

    /// <summary>Runs the test that must notice a fault: with the fault on, or with none.</summary>
    /// <returns>Whether all passed, and how many tests ran: none where they did not end within the limit.</returns>
    public (bool Passed, int Tests) Test(Fault fault, bool planted, TimeSpan? limit = null)
        => Test(fault.TestRoom, [fault.Test], planted ? fault.Number.ToString(CultureInfo.InvariantCulture) : null, limit);

    /// <summary>Runs tests of one project, all classes or all <c>Class.Method</c>: the runner keeps what fits the filters of both kinds.</summary>
    /// <returns>Whether all passed, and how many tests ran.</returns>
    public (bool Passed, int Tests) Test(string room, IReadOnlyList<string> tests, string? fault = null, TimeSpan? limit = null)
    {
        var program = Path.Combine(folder, "artifacts", "bin", $"{room}.Tests", "release", $"AlpacaCot.{room}.Tests.dll");
        if (!File.Exists(program)) throw new InvalidOperationException($"there is no test project {room}");
        var filters = tests.SelectMany(test => (string[])[test.Contains('.') ? "-method" : "-class", $"*.{test}"]);
        var (code, text) = Run("dotnet", [program, .. filters, "-noColor"], fault, limit ?? TimeSpan.FromMinutes(3));
        var total = text.Split('\n').Select(line => line.Split("Total: ")).FirstOrDefault(parts => parts.Length > 1)?[1].Split(',')[0];
        return (code == 0, int.TryParse(total, CultureInfo.InvariantCulture, out var ran) ? ran : 0);
    }

    private void Plant(string file, IReadOnlyList<Fault> faults)
    {
        var path = Path.Combine(folder, file);
        var source = File.ReadAllText(path);
        foreach (var fault in faults)
        {
            var at = source.IndexOf(fault.Find, StringComparison.Ordinal);
            if (at < 0 || source.IndexOf(fault.Find, at + 1, StringComparison.Ordinal) >= 0)
                throw new InvalidOperationException($"{file}: the piece of the fault '{fault.What}' must stand there once: {fault.Find}");
            var on = SwitchOf(fault);
            // The wrong piece first: a later fault may be planted into the right one, which stays as it is.
            var both = fault.IsStatement ? $"if ({on}) {{ {fault.Plant} }} else {{ {fault.Find} }}" : $"({on} ? ({fault.Plant}) : ({fault.Find}))";
            source = string.Concat(source.AsSpan(0, at), both, source.AsSpan(at + fault.Find.Length));
        }
        Write(path, source);
    }

    private void Copy(string name)
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(checkout, name), "*", SearchOption.AllDirectories)) CopyFile(Path.GetRelativePath(checkout, file));
        // What is no longer in the checkout must not be compiled either.
        foreach (var old in Directory.EnumerateFiles(Path.Combine(folder, name), "*", SearchOption.AllDirectories))
            if (!File.Exists(Path.Combine(checkout, Path.GetRelativePath(folder, old)))) File.Delete(old);
    }

    private void CopyFile(string name) => Write(Path.Combine(folder, name), File.ReadAllBytes(Path.Combine(checkout, name)));

    private static void Write(string path, string text) => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    // A file that is as it was keeps its time, so that a second run compiles only what changed.
    private static void Write(string path, byte[] content)
    {
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private (int Code, string Text) Run(string program, IReadOnlyList<string> arguments, string? fault, TimeSpan limit)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment.Remove(Variable);
        if (fault is not null) info.Environment[Variable] = fault;
        // Real data lie beside the checkout, not beside the copy.
        foreach (var (variable, place) in new[] { ("ALPACACOT_GOLDEN", "../shared/golden"), ("ALPACACOT_DATA", "../shared/data") })
            if (!info.Environment.ContainsKey(variable) && Path.GetFullPath(Path.Combine(checkout, place)) is var root && Directory.Exists(root)) info.Environment[variable] = root;
        using var process = Process.Start(info)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            return (124, "");
        }
        return (process.ExitCode, output.Result + error.Result);
    }
}
