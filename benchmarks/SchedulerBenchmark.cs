using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AlpacaCot.Client.Library;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Benchmarks;

/// <summary>
/// No-op trials through the real grains, store, slots and protocol; only the worker's answer is a stub. A silo of its own runs under a folder of the home,
/// and every trial is a training and an assignment of its own (its rows are so long that no pack holds two), so that nothing is saved by packing.
/// </summary>
internal static class SchedulerBenchmark
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(20);

    /// <summary>The command.</summary>
    public static Command Command()
    {
        Option<int> trials = Options.Count("--trials", "Trials", 1000), slots = Options.Count("--slots", "Slots of the silo", 16);
        var seconds = new Option<double>("--trial-seconds") { Description = "What a trial pretends to take (0)" };
        seconds.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && !(value is >= 0 and < 1e6)) result.AddError($"--trial-seconds {result.Tokens[0].Value}: must be at least 0");
        });
        var command = new Command("scheduler", "Trials that compute nothing, through the real grains, store, slots and protocol: seconds in all, milliseconds a trial, the silo's memory") { trials, slots, seconds };
        command.SetAction((parsed, stop) =>
        {
            var home = HomeLayout.FromEnvironment();
            return RunAsync(parsed, new ClientContext(home, PlatformPrograms.Beside(home, AppContext.BaseDirectory), TimeProvider.System), parsed.GetValue(trials), parsed.GetValue(slots), parsed.GetValue(seconds), stop);
        });
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, ClientContext context, int trials, int slots, double trialSeconds, CancellationToken stop)
    {
        var folder = Path.Combine(context.Home.Run, string.Create(CultureInfo.InvariantCulture, $"b{Environment.ProcessId}"));
        var home = new HomeLayout(folder);
        try
        {
            var scratch = context with { Home = home };
            Directory.CreateDirectory(folder);
            string[] arguments = ["--slots", slots.ToString(CultureInfo.InvariantCulture), "--stub-workers", trialSeconds.ToString(CultureInfo.InvariantCulture)];
            await using var silo = await SiloSession.ConnectAsync(scratch, start: true, arguments, stop);
            var began = context.Time.GetTimestamp();
            var experiment = silo.Grains.GetGrain<IExperimentGrain>("bench");
            var reply = await experiment.SubmitAsync(new SubmitSweep
            {
                Name = "noop", Spec = SweepDocument.ParseValid(Sweep(trials)), BaseDirectory = folder, Facts = new SpecFacts(), Directory = home.Sweep("bench", "noop"),
            });
            if (reply.Problem is not null) throw new ClientException(reply.Problem, ExitCodes.Failed);
            var sweep = silo.Grains.GetGrain<ISweepGrain>(reply.Key);
            // The experiment's line about the sweep costs the same however many trials there are.
            while ((await experiment.ListAsync()).Any(line => line.State == "running")) await Task.Delay(_poll, context.Time, stop);
            var status = await sweep.GetStatusAsync();
            var seconds = context.Time.GetElapsedTime(began).TotalSeconds;
            Options.Print(parsed, new
            {
                benchmark = "scheduler", trials, slots, trial_seconds = trialSeconds, completed = status.Trials.Count(t => t.State == "succeeded"), seconds = Math.Round(seconds, 3),
                ms_per_trial = Math.Round(1000 * seconds / trials, 3), peak_rss_mb = silo.PeakMemoryMegabytes(),
            });
            return status.State == "done" ? ExitCodes.Done : ExitCodes.Failed;
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static string Sweep(int trials) => string.Create(CultureInfo.InvariantCulture, $$"""
        name: noop
        seeds: [{{string.Join(", ", Enumerable.Range(0, trials))}}]
        models: [{ name: none, path: none }]
        peft: [{ name: lora, method: lora }]
        data: [{ name: none, sources: [goat] }]
        training: { max_steps: 1, cutoff_len: 131072 }
        base: false
        evaluation: [{ suite: goat-arithmetic, limit: 1 }]
        """);
}
