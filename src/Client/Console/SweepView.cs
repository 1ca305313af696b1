using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Grains.Contracts;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>A sweep as people see it in a terminal.</summary>
internal static class SweepView
{
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan _statusPeriod = TimeSpan.FromSeconds(2);

    /// <summary>Shows a sweep until it has ended: a live table in a terminal, plain lines elsewhere. What is asked for again and again is the same size however many trials there are.</summary>
    public static async Task FollowAsync(ISweepGrain sweep, TimeProvider time, Func<SweepProgress, bool> ended, CancellationToken stop)
    {
        var progress = await sweep.GetProgressAsync();
        if (Terminal.Error.HasRoom)
        {
            await Terminal.Error.Drawing.Live(LiveTable.Draw(progress, Terminal.Columns)).AutoClear(true).StartAsync(async live =>
            {
                while (!ended(progress = await sweep.GetProgressAsync()))
                {
                    live.UpdateTarget(LiveTable.Draw(progress, Terminal.Columns));
                    await Task.Delay(_period, time, stop);
                }
            });
            return;
        }
        var told = new HashSet<string>(StringComparer.Ordinal);
        var began = time.GetTimestamp();
        var next = TimeSpan.Zero;
        var (known, ask) = (0, TimeSpan.Zero);
        while (true)
        {
            progress = await sweep.GetProgressAsync();
            if (ended(progress) || (progress.Done + progress.Failed != known && time.GetElapsedTime(began) >= ask))
            {
                // Every trial's state, which may be megabytes: not for every trial that ends.
                (known, ask) = (progress.Done + progress.Failed, time.GetElapsedTime(began) + _statusPeriod);
                TellEnded(await sweep.GetStatusAsync(), told);
            }
            if (ended(progress)) return;
            if (time.GetElapsedTime(began) >= next)
            {
                next = time.GetElapsedTime(began) + TimeSpan.FromSeconds(10);
                System.Console.Error.WriteLine($"{progress.Name}: {Counts(progress)}{string.Concat(progress.Packs.Where(p => p.State == "running").Select(p => $"; {Line(p)}"))}");
            }
            await Task.Delay(_period, time, stop);
        }
    }

    /// <summary>Prints trials and packs.</summary>
    public static void PrintStatus(SweepStatus status)
    {
        System.Console.Out.WriteLine($"sweep {status.Name}: {status.State}, {Counts(status)}");
        foreach (var pack in status.Packs) System.Console.Out.WriteLine($"  {Line(pack)}");
        foreach (var trial in status.Trials)
            System.Console.Out.WriteLine($"  {trial.State,-10} fence {trial.Fence,-3} attempts {trial.Attempts}  {trial.Name}  {Metrics(trial)}{(trial.TakenOverFrom is null ? "" : $"  (of {trial.TakenOverFrom})")}{(trial.Message is null ? "" : $"  {trial.Message}")}".TrimEnd());
        if (status.Report is not null) System.Console.Out.WriteLine(status.Report);
    }

    /// <summary>Prints what a finished sweep has found, and where its report is.</summary>
    public static void PrintSummary(SweepStatus status)
    {
        // A report that an earlier version wrote may have no sentences.
        if (Document(status.Report) is { } report && report.TryGetProperty("findings", out _)) SummaryView.Print(status, report, System.Console.Out);
        else PrintStatus(status with { Report = null });
        if (status.Report is not null) System.Console.Out.WriteLine(status.Report);
    }

    /// <summary>The summary as a JSON document.</summary>
    public static JsonObject Summary(SweepStatus status) => new()
    {
        ["name"] = status.Name,
        ["state"] = status.State,
        ["trials"] = new JsonArray([.. status.Trials.Select(trial => (JsonNode)new JsonObject
        {
            ["name"] = trial.Name,
            ["state"] = trial.State,
            ["fence"] = trial.Fence,
            ["attempts"] = trial.Attempts,
            ["metrics"] = new JsonObject(trial.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
            ["taken_over_from"] = trial.TakenOverFrom,
            ["message"] = trial.Message,
        })]),
        ["aggregates"] = Aggregates(status.Report),
        ["report"] = status.Report,
    };

    /// <summary>The figures of a report.</summary>
    private static JsonNode? Aggregates(string? report)
        => Document(report) is { } document && document.TryGetProperty("aggregates", out var aggregates) ? JsonSerializer.SerializeToNode(aggregates) : null;

    /// <summary>A report's document, which lies beside its page; null where there is none.</summary>
    private static JsonElement? Document(string? report)
    {
        var file = report is null ? null : Path.ChangeExtension(report, ".json");
        if (file is null || !File.Exists(file)) return null;
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.Clone();
    }

    /// <summary>Prints the sweeps of an experiment.</summary>
    public static void PrintList(SweepSummary[] sweeps)
    {
        if (sweeps.Length == 0) System.Console.Out.WriteLine("no sweeps yet");
        foreach (var s in sweeps)
            System.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Name,-24} {s.State,-10} {s.Done}/{s.Trials} done, {s.Failed} failed  {s.Submitted:yyyy-MM-dd HH:mm}Z  {s.Report}"));
    }

    /// <summary>A line for each trial that has ended since.</summary>
    private static void TellEnded(SweepStatus status, HashSet<string> told)
    {
        foreach (var trial in status.Trials)
            if (trial.State is "succeeded" or "failed" or "cancelled" && told.Add($"{trial.Name} {trial.Fence} {trial.State}"))
                System.Console.Error.WriteLine($"{trial.State} {trial.Name} {Metrics(trial)}{(trial.Message is null ? "" : $": {trial.Message}")}".TrimEnd());
    }

    private static string Line(PackStatus pack)
        => string.Create(CultureInfo.InvariantCulture, $"{pack.Name} {pack.State}{(pack.Slot is null ? "" : $" on {pack.Slot}")}{(pack.Total > 0 ? $" {pack.Step}/{pack.Total}" : "")}")
            + (pack.Loss is { } loss ? string.Create(CultureInfo.InvariantCulture, $" loss {loss:0.0000}") : "")
            + (pack.TokensPerSecond is { } speed ? string.Create(CultureInfo.InvariantCulture, $" {speed:0} tokens/s") : "")
            + (pack.SecondsLeft is { } left ? $" {PlanView.Duration(left)} left" : "")
            + (pack.Message is null ? "" : $" ({pack.Message})");

    private static string Metrics(TrialStatus trial)
        => string.Join(" ", trial.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Take(4).Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key}={m.Value:0.####}")));

    /// <summary>How many trials are done, and how many failed.</summary>
    public static string Counts(SweepStatus status) => Counts(status.Trials.Count(t => t.State == "succeeded"), status.Trials.Length, status.Trials.Count(t => t.State == "failed"));

    /// <summary>The same of a sweep that is followed.</summary>
    public static string Counts(SweepProgress progress) => Counts(progress.Done, progress.Trials, progress.Failed);

    private static string Counts(int done, int trials, int failed) => $"{Number(done)} of {Number(trials)} trials done, {Number(failed)} failed";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
