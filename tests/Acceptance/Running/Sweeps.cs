using System.Globalization;
using System.Text.Json;

namespace AlpacaCot.Tests.Acceptance;

/// <summary>Small sweeps as files, and what they leave in a home.</summary>
internal static class Sweeps
{
    /// <summary>LoRA and IA3, two seeds, a few sums; the untuned base where it is wanted.</summary>
    public static string Tiny(string model, string name = "tiny", int steps = 4, int? checkpointSteps = null, int items = 4, bool untuned = false) => $$"""
        name: {{name}}
        seeds: [0, 1]
        models:
          - { name: nano, path: "{{model}}" }
        peft:
          - { name: lora, method: lora, r: 4, alpha: 8, dropout: 0.1 }
          - { name: ia3, method: ia3 }
        data:
          - name: sums
            sources: [{ goat: { operations: [add], digits: [1, 2], style: direct, count: 64, noise: false } }]
            template: goat
        base: {{(untuned ? "true" : "false")}}
        training: { max_steps: {{steps}}, batch_size: 8, cutoff_len: 64, precision: fp32{{(checkpointSteps is { } n ? $", checkpoint_steps: {n}" : "")}} }
        decoding: { strategy: greedy, max_new_tokens: 8 }
        evaluation:
          - { suite: goat-arithmetic, limit: {{items}} }
        """;

    /// <summary>Writes a sweep's file into a home.</summary>
    public static string Write(Home home, string yaml, string file = "sweep.yaml")
    {
        File.WriteAllText(home[file], yaml);
        return home[file];
    }

    /// <summary>The folder of a sweep.</summary>
    public static string Folder(Home home, string name) => home[Path.Combine("experiments", "default", name)];

    /// <summary>The latest step of which a sweep's training has a whole checkpoint; 0 where there is none.</summary>
    public static int LastCheckpoint(Home home, string name)
    {
        try
        {
            return !Directory.Exists(Folder(home, name)) ? 0 : Directory.EnumerateDirectories(Folder(home, name), "step-*", SearchOption.AllDirectories)
                .Select(folder => int.Parse(Path.GetFileName(folder)["step-".Length..], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
        }
        catch (DirectoryNotFoundException)
        {
            // A checkpoint was deleted while it was listed.
            return 0;
        }
    }

    /// <summary>A file of every trained member, by the member's name, from the last fence that has trained it.</summary>
    public static SortedDictionary<string, byte[]> FilesOf(Home home, string sweep, string file)
    {
        var found = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(Folder(home, sweep), file, SearchOption.AllDirectories)
            .Where(path => !path.Contains("/checkpoints/", StringComparison.Ordinal)).OrderBy(FenceOf))
        {
            var parts = Path.GetRelativePath(Folder(home, sweep), path).Split('/');
            found[string.Join('/', parts[2..^1])] = File.ReadAllBytes(path);
        }
        return found;

        int FenceOf(string path) => int.Parse(Path.GetRelativePath(Folder(home, sweep), path).Split('/')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Metrics of every trial by its name.</summary>
    public static SortedDictionary<string, string> Metrics(JsonElement summary)
        => new(summary.GetProperty("trials").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!, t => t.GetProperty("metrics").GetRawText()), StringComparer.Ordinal);
}
