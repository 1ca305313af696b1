using System.Globalization;
using System.Text.Json;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;

namespace AlpacaCot.Client.Console;

/// <summary>What a sweep that has ended found, as it is read in a terminal: the report's sentences, its first metric group by group, what to know before believing it, and where the whole report is.</summary>
internal static class SummaryView
{
    private const int MostGroups = 24, Width = 100;

    /// <summary>Prints it. The figures are those of <c>report.json</c> beside the page.</summary>
    /// <param name="status">The sweep.</param>
    /// <param name="report">The document; null where there is none.</param>
    /// <param name="output">Where it is printed.</param>
    public static void Print(SweepStatus status, JsonElement report, TextWriter output)
    {
        output.WriteLine($"sweep {status.Name}: {status.State}, {SweepView.Counts(status)}");
        foreach (var trial in status.Trials.Where(trial => trial.State == "failed")) output.WriteLine($"  failed {trial.Name}: {trial.Message}");
        output.WriteLine();
        foreach (var finding in report.GetProperty("findings").EnumerateArray()) Paragraph(output, "", finding.GetString()!);
        output.WriteLine();
        if (report.GetProperty("aggregates").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } metric) Groups(output, metric);
        output.WriteLine("before believing it");
        foreach (var note in report.GetProperty("notes").EnumerateArray()) Paragraph(output, "  ", note.GetString()!);
        output.WriteLine($"every metric, comparison, sample and trial: the report below, or {VisibleText.OnOneLine(Path.ChangeExtension(status.Report!, ".md"))}");
    }

    /// <summary>The groups, best first, each beside the untuned base that is asked as it is.</summary>
    private static void Groups(TextWriter output, JsonElement metric)
    {
        var groups = metric.GetProperty("groups").EnumerateArray().ToList();
        if (groups.Count == 0) return;
        List<string[]> rows = [["rank", metric.GetProperty("metric").GetString()!, "mean", "95 % interval", "untuned base"]];
        foreach (var group in groups.Take(MostGroups))
        {
            var estimate = group.GetProperty("estimate");
            rows.Add(
            [
                Value(group, "rank")?.ToString("0", CultureInfo.InvariantCulture) ?? "",
                $"{group.GetProperty("group").GetString()}{(group.GetProperty("is_base").GetBoolean() ? " (untuned)" : "")}", Numbers.Value(Value(estimate, "mean") ?? double.NaN),
                Numbers.Interval(new Estimate(0, null, Value(estimate, "low"), Value(estimate, "high"), [])),
                Value(group, "base_mean") is { } untuned ? Numbers.Value(untuned) : "",
            ]);
        }
        TextTable.Print(output, rows, names: 1);
        if (groups.Count > MostGroups) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  and {groups.Count - MostGroups} more"));
        output.WriteLine();
    }

    private static double? Value(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>A sentence or two, broken between words.</summary>
    private static void Paragraph(TextWriter output, string indent, string text)
    {
        var line = indent + "· ";
        foreach (var word in text.Split(' '))
        {
            if (line.Length + word.Length > Width && line.Trim().Length > 1)
            {
                output.WriteLine(line.TrimEnd());
                line = indent + "  ";
            }
            line += word + " ";
        }
        output.WriteLine(line.TrimEnd());
    }
}
