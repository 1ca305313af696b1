using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>Packs that train the base's own weights: a whole model comes out, which is asked as one, and the next pack finds the base as its files have it.</summary>
public sealed class WholeModelTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    private TrainJob Job(long fence, string method) => _pack.Job(fence, ("a", TinyPack.Fine)) is var job ? job with
    {
        Base = job.Base with { Precision = "bf16" },
        Members = [job.Members[0] with { Method = new MethodSpec { Name = method, Method = method, Options = method == "freeze" ? new Dictionary<string, System.Text.Json.JsonElement> { ["freeze_trainable_layers"] = TinyPack.Json("1") } : [] } }],
    } : job;

    [Theory]
    [InlineData("full")]
    [InlineData("freeze")]
    public void Run_TrainedAskedAndResumed_AWholeModelWithTokenizerAndTemplate(string method)
    {
        var trained = TinyPack.Run(Job(1, method)).OfType<TrainedEvent>().Single();
        var folder = trained.AdapterDirectory;
        Assert.All((string[])["config.json", "model.safetensors", "tokenizer.json", "template.json", "trial.json", LossCurve.File], file => Assert.True(File.Exists(Path.Combine(folder, file)), file));
        Assert.Equal(AlpacaCot.Files.ContentHash.OfFiles([Path.Combine(folder, "model.safetensors")]), trained.Sha256);
        using (Decoder before = ModelDirectory.Load(_pack["models/tiny"]), after = ModelDirectory.Load(folder))
            Assert.All(before.Parameters, p => Assert.Equal(method == "full" || p.Key.Contains("layers.1.", StringComparison.Ordinal), !p.Value.ToArray<float>().SequenceEqual(after.Parameters[p.Key].ToArray<float>())));

        CheckpointEvent? accepted = null;
        Assert.ThrowsAny<OperationCanceledException>(() => TinyPack.Run(Job(2, method), news => (accepted ??= news as CheckpointEvent) is not null));
        var resumed = TinyPack.Run(Job(3, method) with { Resume = new CheckpointReference(accepted!.Uri, accepted.Step, accepted.Sha256) }).OfType<TrainedEvent>().Single();
        Assert.Equal(trained.Sha256, resumed.Sha256);

        var sums = new EvaluationSpec { Name = "sums", Suite = "goat-arithmetic", Limit = 2 };
        var lora = TinyPack.Run(_pack.Job(4, ("b", TinyPack.Fine))).OfType<TrainedEvent>().Single();
        var results = TinyPack.Run(_pack.Evaluation(5, (trained, [TinyPack.Trial("whole", sums)]), (lora, [TinyPack.Trial("adapter", sums)]))).OfType<ResultEvent>().ToList();
        Assert.Equal(["adapter", "whole"], results.Select(result => result.Trial).Order(StringComparer.Ordinal));
        Assert.Contains(folder, File.ReadAllText(results.Single(result => result.Trial == "whole").ResultFile!), StringComparison.Ordinal);
    }

    /// <summary>A trial that trained the base is served as a base of its own, through the template that trained it: it answers as a one-shot command does.</summary>
    [Theory]
    [InlineData("full")]
    [InlineData("freeze")]
    public void Serve_AModelThatWasTrained_AnswersAsGenerateDoes(string method)
    {
        var folder = TinyPack.Run(Job(1, method)).OfType<TrainedEvent>().Single().AdapterDirectory;
        var decoding = new DecodingSpec { MaxNewTokens = 8 };
        Assert.Equal(
            _pack.Ask(new AlpacaCot.Worker.Protocol.Tools.ContinuePromptRequest { Model = folder, Prompt = "1+2", Decoding = decoding, Threads = 1, Precision = "bf16" }).Document.GetProperty("continuation").GetString(),
            Served(folder, decoding));
        Assert.NotEqual(Served("tiny", decoding), Served(folder, decoding));
    }

    private string Served(string model, DecodingSpec decoding)
    {
        var commands = System.Threading.Channels.Channel.CreateUnbounded<WorkerCommand>();
        var text = new System.Text.StringBuilder();
        commands.Writer.TryWrite(new GenerateCommand("r", "1+2", false, decoding));
        ServeRunner.Run(new ServeJob(new BaseModel(model, "bf16"), 1, _pack.Folders), new AlpacaCot.Worker.JobContext("serve", 1, Told, commands.Reader, TimeProvider.System, new AlpacaCot.Worker.WorkerState(), CancellationToken.None));
        return text.ToString();

        void Told(WorkerEvent said)
        {
            foreach (var chunk in (said as TokensEvent)?.Requests ?? [])
            {
                Assert.Null(chunk.Error);
                text.Append(chunk.Text);
                if (chunk.IsLast) commands.Writer.Complete();
            }
        }
    }

    [Fact]
    public void Run_AnAdapterAfterTheBaseWasTrained_FindsTheBaseOfTheFiles()
    {
        var state = new AlpacaCot.Worker.WorkerState();
        byte[] Weights(WorkerJob job, bool warm)
        {
            var events = new List<WorkerEvent>();
            var context = new AlpacaCot.Worker.JobContext(
                "pack-0", 1, events.Add, System.Threading.Channels.Channel.CreateUnbounded<WorkerCommand>().Reader, TimeProvider.System, warm ? state : new AlpacaCot.Worker.WorkerState(), CancellationToken.None);
            JobTable.Run(job, context);
            return File.ReadAllBytes(Directory.EnumerateFiles(events.OfType<TrainedEvent>().Single().AdapterDirectory, "*model.safetensors").Single());
        }
        var cold = Weights(_pack.Job(1, ("a", TinyPack.Fine)), warm: false);
        Weights(Job(2, "full") with { Base = new BaseModel("tiny", "fp32") }, warm: true);
        Assert.Equal(cold, Weights(_pack.Job(3, ("a", TinyPack.Fine)), warm: true));
    }
}
