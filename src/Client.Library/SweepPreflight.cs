using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Files;
using AlpacaCot.Grains.Contracts;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Client.Library;

/// <summary>A sweep file checked as a whole, before anything runs: the text itself, and what a worker found out about its models, data and suites.</summary>
internal sealed class SweepPreflight
{
    private readonly SweepDocument _document;
    private readonly IReadOnlyList<SpecError> _remarks;
    private readonly Grid? _grid;
    private readonly RunPlan? _plan;

    /// <summary>Keys as the rest of the document writes them.</summary>
    private static readonly JsonSerializerOptions _planJson = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Judges a text by what is known about its models, data and suites.</summary>
    internal SweepPreflight(string baseDirectory, SweepDocument document, SpecFacts facts, int slots = 1)
    {
        (BaseDirectory, _document, Facts) = (baseDirectory, document, facts);
        _remarks = SpecValidator.Validate(document, facts);
        IsValid = _remarks.All(remark => remark.Severity != SpecSeverity.Error);
        if (!IsValid) return;
        _grid = GridExpander.Expand(document.Spec, SpecValidator.Identities(document.Spec, facts));
        _plan = RunPlanner.Of(document.Spec, _grid, facts, PlanLimits.For(slots, Environment.ProcessorCount));
    }

    /// <summary>The spec.</summary>
    public SweepSpec Spec => _document.Spec;

    /// <summary>What relative paths in it count from.</summary>
    public string BaseDirectory { get; }

    /// <summary>Its trials and trainings; null where it may not run.</summary>
    public Grid? Grid => _grid;

    /// <summary>What it takes; null where it may not run.</summary>
    public RunPlan? RunPlan => _plan;

    /// <summary>What the worker found out.</summary>
    public SpecFacts Facts { get; }

    /// <summary>The file that was read, as the user named it; null where the sweep came as text.</summary>
    public string? File { get; private set; }

    /// <summary>Whether it may run.</summary>
    public bool IsValid { get; }

    /// <summary>Errors and advice.</summary>
    public IReadOnlyList<SpecError> Remarks => _remarks;

    /// <summary>The sweep's own name.</summary>
    public string Name => _document.Spec.Name;

    /// <summary>Checks a file.</summary>
    /// <param name="context">The client's context.</param>
    /// <param name="file">The file.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="slots">The slots that it is planned for.</param>
    /// <param name="grains">
    /// Gives the silo that prepares the data, where they are to be shared with other sweeps; it is asked for when all else is right. Null prepares them here, as whoever only checks a file does.
    /// </param>
    /// <exception cref="ClientException">The file cannot be read.</exception>
    public static async Task<SweepPreflight> CheckAsync(ClientContext context, string file, CancellationToken stop, int slots = 1, Func<Task<IGrainFactory>>? grains = null)
    {
        var document = await ReadAsync(file, stop);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var check = await CheckAsync(context, document, folder, stop, slots, withoutMixes: grains is not null);
        // All errors are shown at once, those of the data too.
        if (grains is not null) check = (check.IsValid ? await check.PreparedAsync(await grains(), stop, slots) : null) ?? await CheckAsync(context, document, folder, stop, slots);
        check.File = file;
        return check;
    }

    /// <summary>Reads a sweep file.</summary>
    /// <exception cref="ClientException">It is not there, or cannot be read.</exception>
    public static async Task<SweepDocument> ReadAsync(string file, CancellationToken stop)
    {
        try
        {
            return SweepDocument.Parse(FileText.ReadBytes(file, SweepDocument.LargestFile));
        }
        catch (InvalidDataException) when (Directory.Exists(file))
        {
            throw new ClientException($"{file} is a folder; name a sweep file: {Path.Combine(file, "sweep.yaml")}");
        }
        catch (InvalidDataException) when (!System.IO.File.Exists(file))
        {
            throw new ClientException($"{file}: no such file ({new Places().Looked(file, Suggestions.Nearest)})");
        }
        catch (InvalidDataException e)
        {
            throw new ClientException(e.Message);
        }
    }

    /// <summary>With what the data become under each model's tokenizer, as the silo has prepared them for this sweep or another; null where they cannot be shared.</summary>
    private async Task<SweepPreflight?> PreparedAsync(IGrainFactory grains, CancellationToken stop, int slots)
        => await grains.PrepareAsync(Spec, Facts, BaseDirectory).WaitAsync(stop) is { } mixes ? new SweepPreflight(BaseDirectory, _document, Facts with { Mixes = mixes }, slots) : null;

    /// <summary>Checks a document.</summary>
    private static async Task<SweepPreflight> CheckAsync(ClientContext context, SweepDocument document, string baseDirectory, CancellationToken stop, int slots = 1, bool withoutMixes = false)
    {
        // What could not be read at all has no names to look up.
        if (document.Spec.Name.Length == 0 && document.Spec.Models.Count + document.Spec.Data.Count == 0) return new SweepPreflight(baseDirectory, document, new SpecFacts());
        var request = new PrepareRequest { Spec = document.Spec, BaseDirectory = baseDirectory, WithoutMixes = withoutMixes, Threads = PlanLimits.For(slots, Environment.ProcessorCount).Threads };
        return new SweepPreflight(baseDirectory, document, await ToolRunner.AskAsync(context, request, stop), slots);
    }

    /// <summary>The sweep as it is submitted.</summary>
    /// <param name="home">The home in which its files lie.</param>
    /// <param name="sweep">The name of this run.</param>
    /// <param name="fresh">Take nothing over from other sweeps of the home.</param>
    public SubmitSweep Submission(HomeLayout home, SweepName sweep, bool fresh) => new()
    {
        Name = sweep.Name, Spec = Spec, BaseDirectory = BaseDirectory, Facts = Facts, Directory = home.Sweep(sweep.Experiment, sweep.Name), Fresh = fresh,
    };

    /// <summary>What the sweep takes, as JSON; null where it may not run.</summary>
    public JsonNode? Plan() => JsonSerializer.SerializeToNode(_plan, _planJson);

    /// <summary>The check as a JSON document.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["valid"] = IsValid,
        ["remarks"] = new JsonArray([.. _remarks.Select(remark => (JsonNode)remark.ToJson())]),
        ["trials"] = _grid?.Trials.Count,
        ["trainings"] = _grid?.Trainings.Count,
        ["plan"] = Plan(),
        ["facts"] = JsonSerializer.SerializeToNode(Facts, Frames.Json),
    };
}
