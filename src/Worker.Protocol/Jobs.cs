using System.Text.Json.Serialization;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Worker.Protocol;

/// <summary>A job for a worker.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "job")]
[JsonDerivedType(typeof(TrainJob), "train")]
[JsonDerivedType(typeof(EvaluateJob), "evaluate")]
[JsonDerivedType(typeof(ServeJob), "serve")]
[JsonDerivedType(typeof(ToolJob), "tool")]
public abstract record WorkerJob;

/// <summary>The frozen base that a pack or a server works on.</summary>
/// <param name="Path">A model directory: absolute, relative to the job's base directory, or a name under the home's models.</param>
/// <param name="Precision"><c>bf16</c> or <c>fp32</c>.</param>
public sealed record BaseModel(string Path, string Precision);

/// <summary>Where a worker reads and writes beside what a job names: all under the platform's home.</summary>
/// <param name="Models">Folder of model directories.</param>
/// <param name="Datasets">Folder of registered data sets.</param>
/// <param name="Cache">Folder of caches.</param>
public sealed record WorkerFolders(string Models, string Datasets, string Cache);

/// <summary>A sweep's assignment to a slot, on one base.</summary>
public abstract record AssignmentJob : WorkerJob
{
    /// <summary>The base.</summary>
    public required BaseModel Base { get; init; }

    /// <summary>What the base's files were when the sweep was checked; others are refused.</summary>
    public IReadOnlyList<FileStamp> BaseFiles { get; init; } = [];

    /// <summary>The sweep that it is for.</summary>
    public string Sweep { get; init; } = "";

    /// <summary>Where checkpoints, adapters and result files go: <c>…/{fence}</c>.</summary>
    public required string Directory { get; init; }

    /// <summary>What relative paths in the job are relative to.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>Threads for kernels.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Folders shared by all jobs.</summary>
    public required WorkerFolders Folders { get; init; }
}

/// <summary>Trains the members of a pack together on one frozen base.</summary>
public sealed record TrainJob : AssignmentJob
{
    /// <summary>The trainings of the pack, in its fixed order.</summary>
    public required IReadOnlyList<PackMember> Members { get; init; }

    /// <summary>The last accepted checkpoint, or null to start at step 0.</summary>
    public CheckpointReference? Resume { get; init; }

    /// <summary>Most tokens in one forward pass.</summary>
    public int MicroBatchTokens { get; init; } = 2048;

    /// <summary>A checkpoint after this many seconds.</summary>
    public double CheckpointSeconds { get; init; } = 60;

    /// <summary>A checkpoint after this many steps; 0 leaves it to the seconds.</summary>
    public int CheckpointSteps { get; init; }
}

/// <summary>One training in a pack.</summary>
public sealed record PackMember
{
    /// <summary>Name in events and paths.</summary>
    public required string Name { get; init; }

    /// <summary>The adapter method.</summary>
    public required MethodSpec Method { get; init; }

    /// <summary>The data mix; its template is given.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>Mixes whose rows it is matched with; their templates are given.</summary>
    public IReadOnlyList<DataSpec> Matched { get; init; } = [];

    /// <summary>How it is trained; its learning rate is given.</summary>
    public required TrainingSpec Training { get; init; }

    /// <summary>Seed of initialisation, data order and dropout.</summary>
    public required long Seed { get; init; }

    /// <summary>The key under which its adapter is shared; null where it is not.</summary>
    public string? SharedKey { get; init; }

    /// <summary>What its data's files were when the sweep was checked; others are refused.</summary>
    public IReadOnlyList<FileStamp> DataFiles { get; init; } = [];

    /// <summary>It is trained and stays only because the pack's checkpoint holds it: it takes its steps again after a crash, for the others' sake, and is not reported.</summary>
    public bool Trained { get; init; }
}

/// <summary>Asks trained adapters of one base what is missing of their trials' evaluations.</summary>
public sealed record EvaluateJob : AssignmentJob
{
    /// <summary>The adapters.</summary>
    public required IReadOnlyList<EvaluateMember> Members { get; init; }

    /// <summary>Evaluation to a hash of its suite's items when the sweep was checked; others are refused.</summary>
    public IReadOnlyDictionary<string, string> SuiteContent { get; init; } = new Dictionary<string, string>();

    /// <summary>Divides the engine's limits (sequences at once, tokens of a pass, tokens of the cache): more than 1 after memory ran out.</summary>
    public int MemoryDivisor { get; init; } = 1;
}

/// <summary>A trained adapter, or the untuned base, and the trials that ask it.</summary>
public sealed record EvaluateMember
{
    /// <summary>Its training's name; the model's where the base itself is asked.</summary>
    public required string Name { get; init; }

    /// <summary>The adapter's directory; null asks the base without one.</summary>
    public string? Adapter { get; init; }

    /// <summary>The trials whose evaluations are not done yet.</summary>
    public required IReadOnlyList<EvaluateTrial> Trials { get; init; }
}

/// <summary>One way of asking a trained adapter.</summary>
public sealed record EvaluateTrial
{
    /// <summary>The trial's name.</summary>
    public required string Name { get; init; }

    /// <summary>Appended to an instruction when asking, or null.</summary>
    public string? Cue { get; init; }

    /// <summary>The language of the prompt around an instruction; null asks through the template as it is.</summary>
    public string? Language { get; init; }

    /// <summary>The template that it is asked through; null is the one stored beside the adapter.</summary>
    public string? Template { get; init; }

    /// <summary>How to decode.</summary>
    public required DecodingSpec Decoding { get; init; }

    /// <summary>Seed of the sampler.</summary>
    public long Seed { get; init; }

    /// <summary>Evaluation to the key under which its result is shared; those that are not shared are absent.</summary>
    public IReadOnlyDictionary<string, string> SharedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>The missing evaluations.</summary>
    public required IReadOnlyList<EvaluationSpec> Evaluation { get; init; }
}

/// <summary>Keeps a base loaded, with the adapters that it is asked through, and answers <see cref="GenerateCommand"/>s.</summary>
/// <param name="Base">The base.</param>
/// <param name="Threads">Threads for kernels.</param>
/// <param name="Folders">Folders shared by all jobs.</param>
public sealed record ServeJob(BaseModel Base, int Threads, WorkerFolders Folders) : WorkerJob;

/// <summary>A one-shot job: what a tool is asked.</summary>
/// <param name="Request">What it is asked.</param>
/// <param name="Folders">Folders shared by all jobs.</param>
public sealed record ToolJob(ToolRequest Request, WorkerFolders Folders) : WorkerJob;
