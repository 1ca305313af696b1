using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Validation;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>How a sweep was submitted; written once.</summary>
internal sealed class SweepSubmission
{
    public string Name { get; set; } = "";

    public string BaseDirectory { get; set; } = "";

    public string Directory { get; set; } = "";

    public bool Fresh { get; set; }

    public SweepOrigin? Origin { get; set; }

    /// <summary>What is stored of a submission.</summary>
    public static SweepSubmission Of(SubmitSweep request, SweepState state)
        => new() { Name = request.Name, BaseDirectory = request.BaseDirectory, Directory = request.Directory, Fresh = request.Fresh, Origin = state.Origin };

    /// <summary>Characters of a specification, far more than people write; and of what was found out about it, of which there is a line a file.</summary>
    private const int MostOfSpec = 4 << 20, MostOfFacts = 16 << 20;

    /// <summary>
    /// Why a submission cannot be taken, whoever sends it; null where it can. Its folder is the home's for its name, and no other: workers write there, and what they replace is deleted.
    /// </summary>
    public static string? ProblemOf(string key, SubmitSweep request, HomeLayout home)
    {
        if (SweepNames.Split(key) is not var (experiment, name)) return $"'{key}' is no sweep's key: experiment and name have up to 100 letters, digits, '-', '_' and '.'";
        if (request.Name != name) return $"the sweep of the key {key} is not called '{request.Name}'";
        if (request.Directory != home.Sweep(experiment, name)) return $"the folder of {key} is {home.Sweep(experiment, name)}, not {request.Directory}";
        if (!Path.IsPathFullyQualified(request.BaseDirectory)) return $"'{request.BaseDirectory}' is no full path that relative ones could count from";
        var (spec, facts) = (SweepSpecJson.Write(request.Spec).Length, JsonSerializer.SerializeToUtf8Bytes(request.Facts, Frames.Json).Length);
        if (spec > MostOfSpec) return $"the specification has {spec >> 20} MiB; at most {MostOfSpec >> 20} are taken";
        return facts > MostOfFacts ? $"the facts about the specification have {facts >> 20} MiB; at most {MostOfFacts >> 20} are taken" : null;
    }

    /// <summary>The state of a sweep as it was submitted, its packs planned for the slots that there are.</summary>
    /// <exception cref="SweepException">The specification is wrong.</exception>
    public static SweepState Expand(SubmitSweep request, int slots, DateTimeOffset now)
    {
        var (spec, facts) = (request.Spec, request.Facts);
        // Whoever sends it: a name that is none would become a folder's.
        if (SweepDocument.ErrorsOf(spec) is { Count: > 0 } errors) throw new SweepException(errors);
        slots = Math.Max(1, slots);
        var limits = PlanLimits.For(slots, Environment.ProcessorCount);
        return SweepState.Create(request.Name, spec, SpecValidator.Identities(spec, facts), limits, new SchedulingOptions(), now, facts);
    }
}
