using SharpFuzz;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>A copy of the test program whose assemblies count the branches that they take.</summary>
internal static class InstrumentedCopy
{
    private static readonly string[] _counted =
    [
        "AlpacaCot.Files", "AlpacaCot.Specs", "AlpacaCot.Models", "AlpacaCot.Tokenizers", "AlpacaCot.Data", "AlpacaCot.Adapters", "AlpacaCot.Evaluation", "AlpacaCot.Training", "AlpacaCot.Worker.Protocol", "YamlDotNet",
    ];

    /// <summary>Makes the copy; returns its program.</summary>
    public static string Make(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        foreach (var name in _counted) Fuzzer.Instrument(Path.Combine(folder, name + ".dll"), _ => true, Options.Value).ToList();
        return Path.Combine(folder, "AlpacaCot.Fuzz.Tests.dll");
    }
}
