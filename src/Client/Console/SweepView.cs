using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Grains.Contracts;
using Spectre.Console;

namespace AlpacaCot.Client.Console;

/// <summary>A sweep as people see it in a terminal.</summary>
internal static class SweepView
{
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(400);
    private static readonly IAnsiConsole _error = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });

    /// <summary>Shows a sweep until it has ended: a live table in a terminal, plain lines elsewhere.</summary>
    public static async Task<SweepStatus> FollowAsync(ISweepGrain sweep, TimeProvider time, Func<SweepStatus, bool> ended, CancellationToken stop)
    {
        var status = await sweep.GetStatusAsync();
        if (!System.Console.IsErrorRedirected && _error.Profile.Capabilities.Ansi)
        {
            await _error.Live(Table(status)).AutoClear(true).StartAsync(async live =>
            {
                while (!ended(status = await sweep.GetStatusAsync()))
                {
                    live.UpdateTarget(Table(status));
                    await Task.Delay(_period, time, stop);
                }
            });
            return status;
        }
        var told = new HashSet<string>(StringComparer.Ordinal);
        var began = time.GetTimestamp();
        var next = TimeSpan.Zero;
        while (true)
        {
            status = await sweep.GetStatusAsync();
            foreach (var trial in status.Trials)
                if (trial.State is "succeeded" or "failed" or "cancelled" && told.Add($"{trial.Name} {trial.Fence} {trial.State}"))
                    System.Console.Error.WriteLine($"{trial.State} {trial.Name} {Metrics(trial)}{(trial.Message is null ? "" : $": {trial.Message}")}".TrimEnd());
            if (ended(status)) return status;
            if (time.GetElapsedTime(began) >= next)
            {
                next = time.GetElapsedTime(began) + TimeSpan.FromSeconds(10);
                System.Console.Error.WriteLine($"{status.Name}: {Counts(status)}{string.Concat(status.Packs.Where(p => p.State == "running").Select(p => $"; {Line(p)}"))}");
            }
            await Task.Delay(_period, time, stop);
        }
    }

    /// <summary>Prints trials and packs.</summary>
    public static void PrintStatus(SweepStatus status)
    {
        System.Console.Out.WriteLine($"sweep {status.Name}: {status.State}, {Counts(status)}");
        foreach (var pack in status.Packs) System.Console.Out.WriteLine($"  pack {Line(pack)}");
        foreach (var trial in status.Trials)
            System.Console.Out.WriteLine($"  {trial.State,-10} fence {trial.Fence,-3} attempts {trial.Attempts}  {trial.Name}  {Metrics(trial)}{(trial.Message is null ? "" : $"  {trial.Message}")}".TrimEnd());
        if (status.Report is not null) System.Console.Out.WriteLine(status.Report);
    }

    /// <summary>Prints what a finished sweep has found, and where its report is.</summary>
    public static void PrintSummary(SweepStatus status)
    {
        var markdown = status.Report is null ? null : Path.ChangeExtension(status.Report, ".md");
        if (markdown is not null && File.Exists(markdown)) System.Console.Out.WriteLine(File.ReadAllText(markdown));
        else PrintStatus(status);
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
            ["message"] = trial.Message,
        })]),
        ["aggregates"] = status.Aggregates is null ? null : JsonNode.Parse(status.Aggregates),
        ["report"] = status.Report,
    };

    /// <summary>Prints the sweeps of an experiment.</summary>
    public static void PrintList(SweepSummary[] sweeps)
    {
        if (sweeps.Length == 0) System.Console.Out.WriteLine("no sweeps yet");
        foreach (var s in sweeps)
            System.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Name,-24} {s.State,-10} {s.Done}/{s.Trials} done, {s.Failed} failed  {s.Submitted:yyyy-MM-dd HH:mm}Z  {s.Report}"));
    }

    private static Table Table(SweepStatus status)
    {
        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape($"{status.Name}: {Counts(status)}"));
        table.AddColumns("pack", "state", "slot", "fence", "step", "loss", "tokens/s");
        foreach (var pack in status.Packs.Where(p => p.State is "running" or "leased").Concat(status.Packs.Where(p => p.State is not ("running" or "leased"))).Take(12))
            table.AddRow(
                Markup.Escape($"{pack.Name} ({pack.Members})"), pack.State, Markup.Escape(pack.Slot ?? ""), Number(pack.Fence), pack.Total > 0 ? $"{Number(pack.Step)}/{Number(pack.Total)}" : "",
                pack.Loss?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "", pack.TokensPerSecond?.ToString("0", CultureInfo.InvariantCulture) ?? "");
        return table;
    }

    private static string Line(PackStatus pack)
        => string.Create(CultureInfo.InvariantCulture, $"{pack.Name} {pack.State}{(pack.Slot is null ? "" : $" on {pack.Slot}")}{(pack.Total > 0 ? $" {pack.Step}/{pack.Total}" : "")}")
            + (pack.Loss is { } loss ? string.Create(CultureInfo.InvariantCulture, $" loss {loss:0.0000}") : "")
            + (pack.TokensPerSecond is { } speed ? string.Create(CultureInfo.InvariantCulture, $" {speed:0} tokens/s") : "")
            + (pack.Message is null ? "" : $" ({pack.Message})");

    private static string Metrics(TrialStatus trial)
        => string.Join(" ", trial.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Take(4).Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key}={m.Value:0.####}")));

    private static string Counts(SweepStatus status)
        => $"{status.Trials.Count(t => t.State == "succeeded")} of {status.Trials.Length} trials done, {status.Trials.Count(t => t.State == "failed")} failed";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
