using System.Text.Json;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Grains.Sweeps;

/// <summary>How a sweep was submitted; written once.</summary>
internal sealed class SweepSubmission
{
    public string Name { get; set; } = "";

    public string Yaml { get; set; } = "";

    public string BaseDirectory { get; set; } = "";

    public string Directory { get; set; } = "";

    public bool Fresh { get; set; }

    public SweepOrigin? Origin { get; set; }

    /// <summary>What is stored of a submission.</summary>
    public static SweepSubmission Of(SubmitSweep request, SweepState state)
        => new() { Name = request.Name, Yaml = request.Yaml, BaseDirectory = request.BaseDirectory, Directory = request.Directory, Fresh = request.Fresh, Origin = state.Origin };

    /// <summary>The state of a sweep as it was submitted, its packs planned for the slots that there are.</summary>
    /// <exception cref="SweepException">The specification is wrong.</exception>
    /// <exception cref="JsonException">The facts cannot be read.</exception>
    public static SweepState Expand(SubmitSweep request, int slots, DateTimeOffset now)
    {
        var facts = JsonSerializer.Deserialize<SpecFacts>(request.Facts, Frames.Json) ?? new SpecFacts();
        var spec = SweepDocument.ParseValid(request.Yaml);
        slots = Math.Max(1, slots);
        var limits = new PlanLimits { Slots = slots, Threads = Math.Max(1, Environment.ProcessorCount / slots) };
        return SweepState.Create(request.Name, spec, SpecValidator.Identities(spec, facts), limits, new SchedulingOptions(), now, facts);
    }
}
