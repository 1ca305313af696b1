using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using SlotReport = AlpacaCot.Grains.Contracts.SlotReport;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;

namespace AlpacaCot.Tests.Grains;

/// <summary>What tests of sweeps share: one sweep <c>e/s</c> through grains, store, slots and worker processes; only the worker's answers are a stub's.</summary>
public abstract class SweepScenario : IDisposable
{
    /// <summary>Two methods, two seeds, no untuned base; nothing is computed.</summary>
    private protected const string Yaml = """
        name: s
        seeds: [0, 1]
        models: [{ name: none, path: none }]
        peft: [{ name: lora, method: lora }, { name: ia3, method: ia3 }]
        data: [{ name: none, sources: [goat] }]
        base: false
        training: { max_steps: 1 }
        evaluation: [{ suite: goat-arithmetic, limit: 1 }]
        """;

    /// <summary>The home.</summary>
    private protected TemporaryFolder Folder { get; } = new();

    public void Dispose() => Folder.Dispose();

    private protected SubmitSweep Request(string yaml = Yaml) => new()
    {
        Name = "s", Spec = SweepDocument.Parse(yaml).Spec, BaseDirectory = Folder.Path, Facts = new SpecFacts(), Directory = Folder["experiments/e/s"],
    };

    private protected static ISweepGrain Sweep(Platform platform) => platform.Grains.GetGrain<ISweepGrain>("e/s");

    private protected Task<SubmitReply> SubmitAsync(Platform platform, string yaml = Yaml) => platform.Grains.GetGrain<IExperimentGrain>("e").SubmitAsync(Request(yaml));

    /// <summary>The figures of its report.</summary>
    private protected static string AggregatesOf(SweepStatus status)
    {
        using var report = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(status.Report!, ".json")));
        return report.RootElement.GetProperty("aggregates").GetRawText();
    }

    private protected static async Task<SweepStatus> EndAsync(Platform platform)
    {
        SweepStatus? status = null;
        await Poll.UntilAsync(async () => (status = await Sweep(platform).GetStatusAsync()).State is "done" or "failed" or "cancelled", "the sweep has ended");
        return status!;
    }

    private protected static Task RunningAsync(Platform platform)
        // By a worker that has said something already: one that ends before is no attempt.
        => Poll.UntilAsync(async () => await Sweep(platform).GetStatusAsync() is var status && status.Trials.Any(t => t.State == "running") && status.Packs.Any(p => p.State == "done"), "a trial runs");

    /// <summary>Submits a sweep whose slots are played by the test; the first fence.</summary>
    private protected async Task<long> SubmitSilentlyAsync(Platform platform, string yaml = Yaml)
    {
        await platform.Registry.RegisterAsync("other", 1, ["here/silent"]);
        await SubmitAsync(platform, yaml);
        await Poll.UntilAsync(() => !platform.Owner.Silenced.IsEmpty, "the slot has the pack");
        return platform.Owner.Silenced.Last();
    }

    private protected static SlotReport Said(long fence, string work, params WorkerEvent[] events)
        => new("here/silent", work, fence, events);
}
