using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;

namespace AlpacaCot.Client.Console;

/// <summary>What a sweep and its trials are made of, as people read it.</summary>
internal static class SweepDetailsView
{
    /// <summary>As much of a prompt or an answer is shown; the files have the rest.</summary>
    private const int LongestText = 160;

    private static TextWriter Out => System.Console.Out;

    /// <summary>Prints a sweep: where it is, its trials, and its specification with every default.</summary>
    public static void Print(SweepDetails details, SweepName sweep)
    {
        Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sweep {details.Name}: {details.State}, submitted {details.Submitted:yyyy-MM-dd HH:mm}Z"));
        Line("folder", details.Directory);
        if (details.Report is { } report) Line("report", report);
        Out.WriteLine("trials");
        foreach (var trial in details.Trials) Out.WriteLine($"  {trial.State,-10} {trial.Name}");
        Out.WriteLine("specification, every default written out");
        Out.WriteLine(SweepSpecJson.Write(details.Specification));
        if (details.Trials.Length > 0) Out.WriteLine($"one trial: {TrialCommands.Line(sweep, "show", details.Trials[0].Name)}");
    }

    /// <summary>Prints a trial: what it is, what became of it, where its files are, some samples, and the commands that use it.</summary>
    public static void Print(ShownTrial shown)
    {
        var (details, trial) = (shown.Details, shown.Details.Trial);
        Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"trial {trial.Name}: {trial.State}, fence {trial.Fence}, attempts {trial.Attempts}"));
        if (trial.Message is { } message) Line("failed", message);
        Line("base", $"{shown.Base} ({details.Precision})");
        foreach (var (key, value) in TrialSpecJson.Trial(details.Configuration))
            if (key is not "model" && value is not null) Line(key, value is JsonValue ? value.ToString() : value.ToJsonString(ClientJson.Options));
        if (details.Adapter is { } adapter) Line("adapter", adapter);
        if (details.Steps > 0)
            Line("trained", string.Create(CultureInfo.InvariantCulture, $"{details.Steps} steps, loss {details.Loss:0.0000}{(details.Tokens is { } tokens ? $", {tokens} tokens, {details.Seconds:0.0} s" : "")}"));
        if (details.SharedWith.Length > 0) Line("shared with", string.Join(" ", details.SharedWith));
        if (trial.TakenOverFrom is { } other) Line("taken over", $"from {other}");
        Line("log", details.Log);
        foreach (var (result, samples) in details.Results.Zip(shown.Samples)) Print(result, samples);
        foreach (var (name, command) in Named(shown.Commands)) Line(name, command);
    }

    private static IEnumerable<(string Name, string Command)> Named(TrialCommands commands)
    {
        if (commands.Ask is { } ask) yield return ("ask", ask);
        if (commands.Merge is { } merge) yield return ("merge", merge);
        foreach (var evaluate in commands.Evaluate) yield return ("evaluate", evaluate);
    }

    private static void Print(TrialResult result, IReadOnlyList<TrialSample> samples)
    {
        Out.WriteLine(result.Problem is { } problem ? $"{result.Evaluation}: {problem}"
            : string.Create(CultureInfo.InvariantCulture, $"{result.Evaluation}: {result.Items} items in {result.Seconds:0.0} s"));
        foreach (var (metric, value) in result.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal)) Line(metric, value.ToString("0.####", CultureInfo.InvariantCulture));
        if (result.File is { } file) Line("results", file);
        foreach (var sample in samples)
        {
            Line(sample.Right switch { true => "right", false => "wrong", null => "sample" }, Cut(sample.Prompt));
            Line("  answered", $"'{Cut(sample.Response)}'{(sample.Read == sample.Response ? "" : $", read as '{Cut(sample.Read)}'")}, expected '{Cut(sample.Target)}'");
        }
    }

    private static string Cut(string text)
    {
        var line = text.ReplaceLineEndings("⏎").Trim();
        return line.Length <= LongestText ? line : $"…{line[^LongestText..]}";
    }

    private static void Line(string name, string value) => Out.WriteLine($"  {name,-12} {value}");
}
