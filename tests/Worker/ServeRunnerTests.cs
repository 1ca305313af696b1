using System.Threading.Channels;
using AlpacaCot.Data.Templates;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>A served model is asked as it was trained: through its adapter's template, with its trial's cue.</summary>
public sealed class ServeRunnerTests : IDisposable
{
    private readonly TinyPack _pack = new();
    private readonly List<string> _phases = [];

    public ServeRunnerTests() => LibTorch.Load();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void Run_TrialWithACue_ItIsPartOfEveryPrompt()
    {
        var adapter = TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine))).OfType<TrainedEvent>().Single().AdapterDirectory;
        var plain = Ask(adapter, null, "1+2", raw: false);
        var cued = Ask(adapter, "Step by step.", "1+2", raw: false);
        // The whole text, taken as it is, must give the same draws.
        Assert.Equal(Ask(adapter, null, PromptTemplates.Goat.Prompt("1+2"), raw: true), plain);
        Assert.Equal(Ask(adapter, null, PromptTemplates.Goat.Prompt("1+2 Step by step."), raw: true), cued);
        Assert.NotEqual(plain, cued);
        Assert.NotEqual(plain, Ask(adapter, "Step by step.", "1+2", raw: true));
        Assert.NotEqual(plain, Ask(null, null, PromptTemplates.Goat.Prompt("1+2"), raw: true));
        // Whoever supervises it hears of the steps that it takes.
        Assert.Equal([WorkPhases.Load, WorkPhases.Generate], _phases.Distinct());
    }

    /// <summary>Many adapters on one loaded base, asked in turn and side by side: each answers as it does alone, also those that were given up in between.</summary>
    [Fact]
    public async Task Run_MoreAdaptersThanStayLoaded_EachAnswersAsAlone()
    {
        var first = TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine))).OfType<TrainedEvent>().Select(t => t.AdapterDirectory).ToList();
        var folders = Enumerable.Range(0, 20).Select(n => CopyOf(first[n % 2], n)).ToList();
        var alone = first.Select(folder => Ask(folder, null, "1+2", raw: false)).ToList();
        Assert.NotEqual(alone[0], alone[1]);
        var commands = Channel.CreateUnbounded<WorkerCommand>();
        var answers = new System.Collections.Concurrent.ConcurrentDictionary<string, List<int>>();
        var ended = Channel.CreateUnbounded<string>();
        void Send(WorkerEvent news)
        {
            foreach (var request in (news as TokensEvent)?.Requests ?? [])
            {
                Assert.Null(request.Error);
                answers.GetOrAdd(request.Request, _ => []).AddRange(request.Ids);
                if (request.FinishReason is not null) ended.Writer.TryWrite(request.Request);
            }
        }
        var serving = Task.Run(() => ServeRunner.Run(
            new ServeJob(new BaseModel("tiny", "fp32"), 1, _pack.Folders), new JobContext("serve", 1, Send, commands.Reader, TimeProvider.System, new WorkerState(), CancellationToken.None)));
        for (var round = 0; round < 2; round++)
        {
            // Three at a time, so that adapters are loaded and given up while others answer.
            foreach (var some in folders.Select((folder, n) => (folder, n)).Chunk(3))
            {
                foreach (var (folder, n) in some) commands.Writer.TryWrite(new GenerateCommand($"{round}-{n}", "1+2", false, Sampled, 0, folder));
                foreach (var _ in some) await ended.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            }
        }
        commands.Writer.Complete();
        await serving;
        foreach (var (request, ids) in answers) Assert.Equal(alone[int.Parse(request.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture) % 2], string.Join(' ', ids));
        Assert.Equal(2 * folders.Count, answers.Count);
    }

    /// <summary>A request's other settings are applied as everywhere: beams, several answers, log-probabilities. The last chunk alone says that nothing follows.</summary>
    [Fact]
    public void Run_BeamsAndDraws_EveryAnswerWithItsProbabilities()
    {
        var beams = Chunks(new GenerateCommand("r", "1+2", true, new AlpacaCot.Specs.DecodingSpec { NumBeams = 3, MaxNewTokens = 5, NoRepeatNgramSize = 2 }, Answers: 2, Logprobs: 1));
        Assert.Equal([(0, true, false), (1, false, true)], beams.Select(chunk => (chunk.Answer, chunk.More, chunk.IsLast)));
        Assert.True(beams[0].Score >= beams[1].Score);
        Assert.All(beams, chunk => Assert.Equal(chunk.Ids, chunk.Logprobs!.Select(token => token.Id)));

        var draws = Chunks(new GenerateCommand("r", "1+2", true, Sampled with { MinP = 0.05 }, 3, Answers: 3, Logprobs: 2));
        Assert.Equal(Enumerable.Range(0, draws.Count), draws.Select(chunk => (int)chunk.Sequence));
        Assert.Equal([0, 1, 2], draws.Select(chunk => chunk.Answer).Distinct().Order());
        Assert.Equal(3, draws.Count(chunk => chunk.FinishReason is not null));
        Assert.True(draws[^1].IsLast);
        Assert.Single(draws, chunk => chunk.IsLast);
        Assert.All(draws.SelectMany(chunk => chunk.Logprobs!), token => Assert.InRange(token.Logprob, double.NegativeInfinity, token.Top[0].Logprob + 1e-9));
        // The first of several draws is what one alone would be.
        var alone = Chunks(new GenerateCommand("r", "1+2", true, Sampled with { MinP = 0.05 }, 3));
        Assert.Equal(alone.SelectMany(chunk => chunk.Ids), draws.Where(chunk => chunk.Answer == 0).SelectMany(chunk => chunk.Ids));
        Assert.All(alone, chunk => Assert.Null(chunk.Logprobs));
        Assert.Contains("greedy decoding gives one answer", Assert.Single(Chunks(new GenerateCommand("r", "1+2", true, new AlpacaCot.Specs.DecodingSpec(), Answers: 2))).Error, StringComparison.Ordinal);
    }

    private static AlpacaCot.Specs.DecodingSpec Sampled => new() { Strategy = "sample", MaxNewTokens = 24, Temperature = 1.5 };

    private string CopyOf(string adapter, int n)
    {
        var copy = Directory.CreateDirectory(_pack[System.FormattableString.Invariant($"copies/{n}")]).FullName;
        foreach (var file in Directory.EnumerateFiles(adapter)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private string Ask(string? adapter, string? cue, string prompt, bool raw)
        => string.Join(' ', Chunks(new GenerateCommand("r", prompt, raw, Sampled, 0, adapter, cue)).SelectMany(chunk => chunk.Error is null ? chunk.Ids : throw new InvalidOperationException(chunk.Error)));

    private List<RequestTokens> Chunks(GenerateCommand command)
    {
        var commands = Channel.CreateUnbounded<WorkerCommand>();
        var chunks = new List<RequestTokens>();
        void Send(WorkerEvent news)
        {
            if (news is HeartbeatEvent beat) _phases.Add(beat.Phase);
            if (news is not TokensEvent tokens) return;
            foreach (var request in tokens.Requests)
            {
                chunks.Add(request);
                // The model is served until nobody can ask any more.
                if (request.IsLast) commands.Writer.Complete();
            }
        }
        commands.Writer.TryWrite(command);
        ServeRunner.Run(
            new ServeJob(new BaseModel("tiny", "fp32"), 1, _pack.Folders), new JobContext("serve", 1, Send, commands.Reader, TimeProvider.System, new WorkerState(), CancellationToken.None));
        return chunks;
    }
}
