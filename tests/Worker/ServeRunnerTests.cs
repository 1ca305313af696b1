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

    private string Ask(string? adapter, string? cue, string prompt, bool raw)
    {
        var commands = Channel.CreateUnbounded<WorkerCommand>();
        var answer = new List<int>();
        void Send(WorkerEvent news)
        {
            if (news is HeartbeatEvent beat) _phases.Add(beat.Phase);
            if (news is not TokensEvent tokens) return;
            foreach (var request in tokens.Requests)
            {
                Assert.Null(request.Error);
                answer.AddRange(request.Ids);
                // The model is served until nobody can ask any more.
                if (request.FinishReason is not null) commands.Writer.Complete();
            }
        }
        commands.Writer.TryWrite(new GenerateCommand("r", prompt, raw, new() { Strategy = "sample", MaxNewTokens = 24, Temperature = 1.5 }));
        ServeRunner.Run(
            new ServeJob(new BaseModel("tiny", "fp32"), adapter, cue, 1, _pack.Folders), new JobContext("serve", 1, Send, commands.Reader, TimeProvider.System, new WorkerState(), CancellationToken.None));
        return string.Join(' ', answer);
    }
}
