using System.Text.Json;
using System.Threading.Channels;
using AlpacaCot.Data.Templates;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>What a job says reaches what computes: seeds, cues, contents.</summary>
public sealed class WiringTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    private static JobContext Context(Action<WorkerEvent> send, Channel<WorkerCommand> commands, CancellationToken stop = default)
        => new("a", 1, send, commands.Reader, TimeProvider.System, new WorkerState(), stop);

    private JsonElement Tool(string tool, object options)
    {
        var events = new List<WorkerEvent>();
        JobTable.Run(new ToolJob(tool, JsonSerializer.SerializeToElement(options), _pack.Folders), Context(events.Add, Channel.CreateUnbounded<WorkerCommand>()));
        return Assert.Single(events.OfType<OutputEvent>()).Document;
    }

    private byte[] Train(string name, long seed)
    {
        Tool("train", new { model = "tiny", data = new[] { "goat:addition" }, @out = _pack[name], r = 2, learning_rate = 0.01, max_steps = 2, batch_size = 2, cutoff_len = 64, precision = "fp32", seed, threads = 1 });
        return File.ReadAllBytes(_pack[$"{name}/adapter_model.safetensors"]);
    }

    [Fact]
    public void Train_Seed_DecidesTheWeights()
    {
        var first = Train("first", 1);
        Assert.Equal(first, Train("again", 1));
        Assert.NotEqual(first, Train("other", 2));
    }

    [Fact]
    public void Prepare_RowsThatChanged_HaveAnotherContent()
    {
        string Content(string answer)
        {
            File.WriteAllText(_pack["rows.json"], $$"""[{"instruction":"What is 1 plus 2?","input":"","output":"{{answer}}"}]""");
            var facts = Tool("prepare", new
            {
                base_directory = _pack[""],
                spec = new { name = "s", models = new[] { new { name = "m", path = "tiny" } }, data = new[] { new { name = "d", sources = new[] { new { set = "rows.json" } }, template = "goat" } }, evaluation = Array.Empty<object>() },
            });
            return string.Join(' ', facts.GetProperty("data").EnumerateArray().SelectMany(data => data.GetProperty("sources").EnumerateArray()).Select(source => source.GetProperty("contentHash").GetString()));
        }
        var three = Content("3");
        Assert.NotEqual("", three);
        Assert.Equal(three, Content("3"));
        Assert.NotEqual(three, Content("4"));
    }

    [Fact]
    public async Task Serve_Cue_IsAppendedToTheInstruction_ButNotToARawPrompt()
    {
        const string Prompt = "What is 1 plus 2?", Cue = "Think.";
        var plain = await AskAsync(null, Prompt, raw: false);
        Assert.NotEqual(plain, await AskAsync(Cue, Prompt, raw: false));
        Assert.Equal(await AskAsync(null, CotCue.Append(Prompt, Cue), raw: false), await AskAsync(Cue, Prompt, raw: false));
        Assert.Equal(await AskAsync(null, Prompt, raw: true), await AskAsync(Cue, Prompt, raw: true));
    }

    private async Task<string> AskAsync(string? cue, string prompt, bool raw)
    {
        var commands = Channel.CreateUnbounded<WorkerCommand>();
        using var stop = new CancellationTokenSource();
        var ids = new List<int>();
        var ended = new TaskCompletionSource();
        var serving = Task.Run(() => JobTable.Run(new ServeJob(new BaseModel("tiny", "fp32"), null, cue, 1, _pack.Folders), Context(news =>
        {
            if (news is not TokensEvent step) return;
            ids.AddRange(step.Requests.SelectMany(tokens => tokens.Ids));
            if (step.Requests.Any(tokens => tokens.FinishReason is not null)) ended.TrySetResult();
        }, commands, stop.Token)));
        await commands.Writer.WriteAsync(new GenerateCommand("r", prompt, raw, new DecodingSettings { MaxNewTokens = 16 }));
        await Task.WhenAny(ended.Task, serving).WaitAsync(TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
        return string.Join(' ', ids);
    }
}
