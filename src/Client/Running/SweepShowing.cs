using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Console;
using AlpacaCot.Client.Library;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Running;

/// <summary>Shows what a sweep, or one of its trials, is made of, and what may be done with it. It asks the silo that runs, else the records on disk: nothing is started.</summary>
internal static class SweepShowing
{
    /// <summary>Shows a sweep, or a trial of it.</summary>
    public static async Task<int> RunAsync(ClientContext context, SweepName sweep, string? trial, int samples, bool json, CancellationToken stop)
    {
        var details = await StoredState.ShowAsync(context, sweep.Checked(), stop) ?? throw await SweepRunner.UnknownAsync(context, sweep, stop);
        if (trial is null)
        {
            if (json) ClientJson.Print(ToJson(details));
            else SweepDetailsView.Print(details, sweep);
            return ExitCodes.Done;
        }
        var found = await StoredState.ShowTrialAsync(context, sweep, trial, stop) ?? throw UnknownTrial(sweep, trial, details);
        var shown = new ShownTrial(
            found, new Places(found.BaseDirectory, context.Home.Models).Find(found.Base) ?? found.Base,
            [.. found.Results.Select(result => TrialSamples.Read(result.File, samples))], details.Specification, sweep);
        if (json) ClientJson.Print(shown.ToJson());
        else SweepDetailsView.Print(shown);
        return ExitCodes.Done;
    }

    /// <summary>The error for a trial that a sweep does not have.</summary>
    public static ClientException UnknownTrial(SweepName sweep, string trial, SweepDetails details)
        => new($"the sweep '{sweep.Name}' has no trial '{trial}'; {Suggestions.Nearest(trial, [.. details.Trials.Select(t => t.Name)]) switch
        {
            { } near => $"did you mean '{near}'?",
            null => $"sweep show {sweep.Name} lists them",
        }}");

    private static JsonObject ToJson(SweepDetails details) => new()
    {
        ["name"] = details.Name, ["state"] = details.State, ["submitted"] = details.Submitted, ["folder"] = details.Directory, ["base_directory"] = details.BaseDirectory,
        ["report"] = details.Report, ["specification"] = SweepSpecJson.ToNode(details.Specification), ["trials"] = JsonSerializer.SerializeToNode(details.Trials, Frames.Json),
    };
}

/// <summary>A trial with all that is shown of it.</summary>
/// <param name="Details">What the sweep's record says.</param>
/// <param name="Base">Where its base model is.</param>
/// <param name="Samples">Some samples of each of its results.</param>
/// <param name="Spec">The sweep's specification.</param>
/// <param name="Sweep">The sweep.</param>
internal sealed record ShownTrial(TrialDetails Details, string Base, IReadOnlyList<IReadOnlyList<TrialSample>> Samples, SweepSpec Spec, SweepName Sweep)
{
    /// <summary>What may be done with it.</summary>
    public TrialCommands Commands { get; } = TrialCommands.Of(Sweep, Spec, Details, Base, Details.Configuration.Seed ?? 0);

    /// <summary>All of it as a JSON document.</summary>
    public JsonObject ToJson()
    {
        var trial = JsonSerializer.SerializeToNode(Details, Frames.Json)!.AsObject();
        trial["configuration"] = TrialSpecJson.Trial(Details.Configuration);
        trial["base"] = Base;
        foreach (var (result, samples) in trial["results"]!.AsArray().Zip(Samples)) result!["samples"] = JsonSerializer.SerializeToNode(samples, Frames.Json);
        trial["commands"] = JsonSerializer.SerializeToNode(Commands, Frames.Json);
        return trial;
    }
}
