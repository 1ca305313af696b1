using AlpacaCot.Client.Library;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Running;

/// <summary>A data mix of a sweep file, as <c>data show</c> is told of it: with the sweep's template, cutoff and masks.</summary>
internal static class SweepData
{
    /// <summary>The request with the mix in it.</summary>
    /// <param name="request">What was given else; a model, a cutoff and a seed that were given stay.</param>
    /// <param name="file">The sweep file.</param>
    /// <param name="name">The mix; null for the only one.</param>
    /// <param name="stop">Ends the reading.</param>
    /// <exception cref="ClientException">The file is wrong, or has no such mix.</exception>
    public static async Task<ShowDataRequest> OfAsync(ShowDataRequest request, string file, string? name, CancellationToken stop)
    {
        var document = await SweepPreflight.ReadAsync(file, stop);
        if (document.Errors.ToList() is { Count: > 0 } errors)
            throw new ClientException($"{file} has {errors.Count} error{(errors.Count == 1 ? "" : "s")}, of which sweep validate tells all: {errors[0]}");
        var (spec, names) = (document.Spec, document.Spec.Data.Select(mix => mix.Name).ToList());
        if (name is null && names.Count > 1) throw new ClientException($"{file} has several data mixes; choose one with --data: {string.Join(", ", names)}");
        var mix = spec.Data.FirstOrDefault(mix => name is null || mix.Name == name)
            ?? throw new ClientException($"{file} has no data mix '{name}'; {(names.Count == 0 ? "it has none" : Suggestions.For(name!, names))}");
        return request with
        {
            Data = spec.Resolved(mix), Matched = [.. spec.MatchedWith(mix)],
            // What the command line names counts from where the command was given.
            Model = request.Model.Length > 0 ? Path.Exists(request.Model) ? Path.GetFullPath(request.Model) : request.Model
                : spec.Models.Count > 0 ? spec.Models[0].Reference : throw new ClientException($"{file} names no model; give one with --model"),
            CutoffLen = request.CutoffLen ?? spec.Training.CutoffLen, TrainOnPrompt = spec.Training.TrainOnPrompt, Seed = request.Seed ?? spec.Seeds[0],
            BaseDirectory = Path.GetDirectoryName(Path.GetFullPath(file))!,
        };
    }
}
