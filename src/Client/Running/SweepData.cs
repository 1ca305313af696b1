using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Client.Library;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client.Running;

/// <summary>A data mix of a sweep file, as <c>data show</c> is told of it: with the sweep's template, cutoff and masks.</summary>
internal static class SweepData
{
    /// <summary>Adds the mix to the options of the job.</summary>
    /// <param name="options">What was given else; a model, a cutoff and a seed that were given stay.</param>
    /// <param name="file">The sweep file.</param>
    /// <param name="name">The mix; null for the only one.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="ClientException">The file is wrong, or has no such mix.</exception>
    public static async Task AddAsync(JsonObject options, string file, string? name, CancellationToken stop)
    {
        var document = await SweepPreflight.ReadAsync(file, stop);
        if (document.Errors.ToList() is { Count: > 0 } errors)
            throw new ClientException($"{file} has {errors.Count} error{(errors.Count == 1 ? "" : "s")}, of which sweep validate tells all: {errors[0]}");
        var (spec, names) = (document.Spec, document.Spec.Data.Select(mix => mix.Name).ToList());
        if (name is null && names.Count > 1) throw new ClientException($"{file} has several data mixes; choose one with --data: {string.Join(", ", names)}");
        var mix = spec.Data.FirstOrDefault(mix => name is null || mix.Name == name)
            ?? throw new ClientException($"{file} has no data mix '{name}'; {(names.Count == 0 ? "it has none" : Suggestions.For(name!, names))}");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        options["data"] = JsonSerializer.SerializeToNode(spec.Resolved(mix), Frames.Json);
        options["matched"] = JsonSerializer.SerializeToNode(spec.MatchedWith(mix), Frames.Json);
        // What the command line names counts from where the command was given.
        if (options["model"]?.GetValue<string>() is { } given) options["model"] = Path.Exists(given) ? Path.GetFullPath(given) : given;
        else options["model"] = spec.Models.Count > 0 ? spec.Models[0].Reference : throw new ClientException($"{file} names no model; give one with --model");
        options["cutoff_len"] ??= spec.Training.CutoffLen;
        options["train_on_prompt"] = spec.Training.TrainOnPrompt;
        options["seed"] ??= spec.Seeds[0];
        options["base_directory"] = folder;
    }
}
