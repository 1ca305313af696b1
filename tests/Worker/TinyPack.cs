using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Tokenizers.Training;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>A home with one small random model, and packs that train on it; all follow from seeds.</summary>
internal sealed class TinyPack : IDisposable
{
    public static readonly TrainingSpec Fine = new() { LearningRate = 0.01, MaxSteps = 6, BatchSize = 4, CutoffLen = 64 };
    public static readonly TrainingSpec Absurd = Fine with { LearningRate = 3e38, Clip = 0 };
    private static readonly DataSpec Data = new()
    {
        Name = "d", Template = "goat", Sources = [new SourceSpec { Goat = new GoatOptions { Operations = [GoatOperation.Add], MinDigits = 1, MaxDigits = 2, Style = GoatStyle.Direct, Count = 32, Noise = false } }],
    };
    private static readonly MethodSpec Method = new() { Name = "lora", Method = "lora", Options = new Dictionary<string, JsonElement> { ["r"] = Json("2"), ["lora_alpha"] = Json("4") } };
    private static readonly JsonSerializerOptions _strict = new(Frames.Json) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };
    private readonly TemporaryFolder _folder = new();
    private readonly string _before = Directory.GetCurrentDirectory();

    /// <param name="config">The model's <c>config.json</c> with <c>$VOCABULARY</c> in place of the number; a small LLaMA where null.</param>
    public TinyPack(string? config = null)
    {
        var model = _folder["models/tiny"];
        var tokenizer = ByteBpeTrainer.Train(["1+2=3", "What is 10 plus 20? Answer: 30"], new ByteBpeOptions { VocabularySize = 270 }, model);
        using var generator = new Generator(1);
        using var decoder = Decoder.CreateRandom(
            config is not null ? DecoderConfig.Read(config.Replace("$VOCABULARY", tokenizer.VocabularySize.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)) : new DecoderConfig
            {
                ModelType = "llama", VocabularySize = tokenizer.VocabularySize, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadDim = 8, MaxPositions = 256,
                BosTokenId = tokenizer.BosId, EosTokenIds = tokenizer.EosId is { } eos ? [eos] : [],
            },
            generator, ScalarType.Float32);
        ModelDirectory.Save(decoder, model);
    }

    /// <summary>What files are now.</summary>
    public IReadOnlyList<FileStamp> Stamps(params string[] files) => FileStamps.Of(ReferencedFiles.Model, "m", files, Folders).Files;

    public WorkerFolders Folders => new(_folder["models"], _folder["datasets"], _folder["cache"]);

    public string this[string name] => _folder[name];

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        _folder.Dispose();
    }

    public TrainJob Job(long fence, params (string Name, TrainingSpec Training)[] members) => new()
    {
        Base = new BaseModel("tiny", "fp32"), BaseDirectory = _folder.Path, Directory = _folder[string.Create(CultureInfo.InvariantCulture, $"pack-0/{fence}")], Folders = Folders,
        CheckpointSteps = 2, CheckpointSeconds = 1e6, MicroBatchTokens = 256,
        Members = [.. members.Select((member, i) => new PackMember { Name = member.Name, Method = Method, Data = Data, Training = member.Training, Seed = i })],
    };

    /// <summary>Asks trained adapters.</summary>
    public EvaluateJob Evaluation(long fence, params (TrainedEvent Trained, EvaluateTrial[] Trials)[] members) => new()
    {
        Base = new BaseModel("tiny", "fp32"), BaseDirectory = _folder.Path, Directory = _folder[string.Create(CultureInfo.InvariantCulture, $"evaluation-0/{fence}")], Folders = Folders,
        Members = [.. members.Select(member => new EvaluateMember { Name = member.Trained.Member, Adapter = member.Trained.AdapterDirectory, Trials = member.Trials })],
    };

    public static EvaluateTrial Trial(string name, params EvaluationSpec[] evaluations) => new() { Name = name, Decoding = new DecodingSpec { MaxNewTokens = 3 }, Evaluation = evaluations };

    /// <summary>Runs a job; an event may stop it.</summary>
    public static List<WorkerEvent> Run(WorkerJob job, Func<WorkerEvent, bool>? stopAt = null)
    {
        var events = new List<WorkerEvent>();
        using var stop = new CancellationTokenSource();
        void Send(WorkerEvent news)
        {
            events.Add(news);
            if (stopAt?.Invoke(news) == true) stop.Cancel();
        }
        var context = new JobContext("pack-0", 1, Send, Channel.CreateUnbounded<WorkerCommand>().Reader, TimeProvider.System, new WorkerState(), stop.Token);
        JobTable.Run(job, context);
        return events;
    }

    /// <summary>Runs a one-shot tool.</summary>
    public ToolRun Ask(ToolRequest request, WorkerState? state = null)
    {
        var events = new List<WorkerEvent>();
        JobTable.Run(new ToolJob(request, Folders), new JobContext("tool", 1, events.Add, Channel.CreateUnbounded<WorkerCommand>().Reader, TimeProvider.System, state ?? new WorkerState(), CancellationToken.None));
        var output = events.OfType<OutputEvent>().Last();
        return new ToolRun(output.Document, output.Text, [.. events.OfType<RemarkEvent>().Select(e => e.Text)]);
    }

    /// <summary>Runs a one-shot tool, with options by their names on the command line.</summary>
    public ToolRun Ask(string tool, object options) => Ask(Request(tool, options));

    public static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    /// <summary>What a tool is asked, by the names that its options have on the command line; a name that its request does not have fails.</summary>
    public static ToolRequest Request(string tool, object options)
    {
        var request = new JsonObject { ["tool"] = tool };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(options, Frames.Json)!.AsObject())
            if (value is not null) request[name == "num_return_sequences" ? "answers" : string.Concat(name.Split('_', '-').Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]))] = value.DeepClone();
        return request.Deserialize<ToolRequest>(_strict)!;
    }
}

/// <summary>What a one-shot tool answered.</summary>
internal sealed record ToolRun(JsonElement Document, string? Text, IReadOnlyList<string> Remarks)
{
    public JsonObject Answer { get; } = Document.ValueKind == JsonValueKind.Object ? JsonNode.Parse(Document.GetRawText())!.AsObject() : [];
}
