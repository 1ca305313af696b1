using System.Text.Json;
using AlpacaCot.Experiments.Aggregation;

namespace AlpacaCot.Client.Running;

/// <summary>A question that a trial was asked, and what came of it.</summary>
/// <param name="Prompt">What the model was given.</param>
/// <param name="Target">What is right.</param>
/// <param name="Response">What it wrote, or the likeliest of what it was asked to choose from.</param>
/// <param name="Read">The answer that was read from that.</param>
/// <param name="Right">Whether it counts as right; null where the suite knows no right and wrong.</param>
internal sealed record TrialSample(string Prompt, string Target, string Response, string Read, bool? Right);

/// <summary>Reads samples from the files beside a result file, lm-eval's <c>samples_&lt;suite&gt;_&lt;time&gt;.jsonl</c>.</summary>
internal static class TrialSamples
{
    /// <summary>Some samples of a result: as many wrong ones as right ones where there are both, in the order in which they were asked.</summary>
    /// <param name="resultFile">The result file.</param>
    /// <param name="most">How many at most.</param>
    public static IReadOnlyList<TrialSample> Read(string? resultFile, int most)
    {
        const string Prefix = "results_";
        if (most <= 0 || resultFile is null || Path.GetFileNameWithoutExtension(resultFile) is not { } name || !name.StartsWith(Prefix, StringComparison.Ordinal)) return [];
        var folder = Path.GetDirectoryName(resultFile)!;
        if (!Directory.Exists(folder)) return [];
        var (right, wrong) = (new List<(int At, TrialSample Sample)>(), new List<(int At, TrialSample Sample)>());
        var at = 0;
        foreach (var line in Directory.EnumerateFiles(folder, $"samples_*_{name[Prefix.Length..]}.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadLines))
        {
            var sample = Of(line);
            var kind = sample.Right == false ? wrong : right;
            if (kind.Count < most) kind.Add((at, sample));
            at++;
            if (right.Count == most && wrong.Count == most) break;
        }
        var wanted = Math.Max(most - right.Count, most / 2);
        var chosen = wrong.Take(wanted).ToList();
        return [.. chosen.Concat(right.Take(most - chosen.Count)).OrderBy(pair => pair.At).Select(pair => pair.Sample)];
    }

    private static TrialSample Of(string line)
    {
        using var document = JsonDocument.Parse(line);
        var sample = document.RootElement;
        var (prompt, response, read, target) = AnswerSamples.Read(sample);
        var metric = sample.EnumerateObject().FirstOrDefault(property => AnswerSamples.TellsRight(property.Name)).Value;
        return new TrialSample(prompt, target, response, read, metric.ValueKind == JsonValueKind.Undefined ? null : metric.ToString() is "1" or "1.0" or "True" or "true");
    }
}
