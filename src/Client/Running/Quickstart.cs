using AlpacaCot.Client.Library;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Running;

/// <summary>The way from nothing to a report: bases that are trained here, and the sweep in <c>examples/quickstart.yaml</c>.</summary>
internal static class Quickstart
{
    private const string Sweep = "quickstart.yaml";

    /// <summary>The two bases: what each has seen before any adapter is trained. Half of the questions carried the cue, which means nothing to them.</summary>
    private static readonly (string Name, PretrainRequest Recipe)[] _bases =
    [
        ("nano-answers", new PretrainRequest { Out = "", Style = "direct", Cue = "Step by step.", Steps = 800, Threads = 1 }),
        ("nano-columns", new PretrainRequest { Out = "", Style = "steps", Cue = "Step by step.", Steps = 550, Threads = 1 }),
    ];

    /// <summary>Runs it; the last line on stdout is the path of the report.</summary>
    public static async Task<int> RunAsync(ClientContext context, bool json, CancellationToken stop)
    {
        await Task.WhenAll(_bases.Select(b => PretrainAsync(context, b.Name, stop)));
        var file = Path.Combine(context.Home.Cache, Sweep);
        Directory.CreateDirectory(context.Home.Cache);
        await File.WriteAllTextAsync(file, await Starter.ReadAsync(Sweep), stop);
        return await SweepRunner.RunAsync(context, new RunRequest(file, Slots: Math.Max(1, Environment.ProcessorCount)), json, stop);
    }

    /// <summary>Makes one of the two bases, unless it is there; both are trained side by side, on a thread each.</summary>
    public static async Task PretrainAsync(ClientContext context, string name, CancellationToken stop)
    {
        var folder = Path.Combine(context.Home.Models, name);
        if (File.Exists(Path.Combine(folder, "config.json")))
        {
            System.Console.Error.WriteLine($"base {name}: in {folder} already");
            return;
        }
        System.Console.Error.WriteLine($"base {name}: pretraining into {folder}");
        await ToolRunner.RunAsync(context, _bases.First(b => b.Name == name).Recipe with { Out = folder }, _ => { }, stop);
    }
}
