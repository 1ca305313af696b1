using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>Evaluations of trained adapters: what cannot be asked costs that evaluation of that trial.</summary>
public sealed class EvaluateRunnerTests : IDisposable
{
    private static readonly EvaluationSpec Sums = new() { Name = "sums", Suite = "goat-arithmetic", Limit = 2 }, More = Sums with { Name = "more", Limit = 3 },
        Broken = Sums with { Name = "broken", Options = new Dictionary<string, JsonElement> { ["unheard_of"] = TinyPack.Json("1") } };

    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    private List<TrainedEvent> Train() => [.. TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine))).OfType<TrainedEvent>()];

    [Fact]
    public void Run_SeveralAdapters_ReportsEachTrialUnderItsEvaluationsName()
    {
        var trained = Train();
        var events = TinyPack.Run(_pack.Evaluation(
            2, (trained[0], [TinyPack.Trial("plain", Sums), TinyPack.Trial("cued", Sums) with { Cue = "Think." }]), (trained[1], [TinyPack.Trial("other", Sums, More)])));
        var results = events.OfType<ResultEvent>().ToList();
        Assert.Equal([("plain", "sums", 2), ("cued", "sums", 2), ("other", "sums", 2), ("other", "more", 3)], results.Select(e => (e.Trial, e.Evaluation, e.Items)));
        Assert.All(results, e => Assert.Contains("exact_match", e.Metrics.Keys));
        Assert.All(results, e => Assert.StartsWith(_pack["evaluation-0/2"], e.ResultFile, StringComparison.Ordinal));
        Assert.Equal(4, results.Select(e => e.ResultFile).Where(File.Exists).Distinct().Count());
        var samples = Directory.EnumerateFiles(Path.GetDirectoryName(results[1].ResultFile)!, "samples_*").Single();
        Assert.Contains("Think.", File.ReadAllText(samples), StringComparison.Ordinal);
    }

    /// <summary>A base is asked as an adapter that changes nothing would be: through the template that the trial names.</summary>
    [Fact]
    public void Run_UntunedBase_IsAskedThroughTheNamedTemplate()
    {
        var trained = TinyPack.Run(_pack.Job(1, ("still", TinyPack.Fine with { LearningRate = 0 }))).OfType<TrainedEvent>().Single();
        var untuned = new EvaluateMember { Name = "tiny", Trials = [TinyPack.Trial("base", Sums) with { Template = "goat", Cue = "Think." }, TinyPack.Trial("other", Sums) with { Template = "alpaca" }] };
        var job = _pack.Evaluation(2, (trained, [TinyPack.Trial("tuned", Sums) with { Cue = "Think." }]));
        var results = TinyPack.Run(job with { Members = [untuned, .. job.Members] }).OfType<ResultEvent>().ToDictionary(e => e.Trial);
        Assert.Equal(["base", "other", "tuned"], results.Keys.Order(StringComparer.Ordinal));
        string Samples(string trial) => File.ReadAllText(Directory.EnumerateFiles(Path.GetDirectoryName(results[trial].ResultFile)!, "samples_*").Single());
        Assert.Equal(Samples("tuned"), Samples("base"));
        Assert.Equal(results["tuned"].Metrics, results["base"].Metrics);
        Assert.Contains("Below is an instruction", Samples("other"), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SuiteThatCannotRun_FailsThereAlone()
    {
        var trained = Train();
        var events = TinyPack.Run(_pack.Evaluation(2, (trained[0], [TinyPack.Trial("t", Sums, Broken, More)]), (trained[1], [TinyPack.Trial("u", Sums)])));
        Assert.Equal([("t", "sums"), ("t", "more"), ("u", "sums")], events.OfType<ResultEvent>().Select(e => (e.Trial, e.Evaluation)));
        var failed = Assert.Single(events.OfType<EvaluationFailedEvent>());
        Assert.Equal(("t", "broken", FailureKind.Data), (failed.Trial, failed.Evaluation, failed.Kind));
        Assert.Contains("unheard_of", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AdapterThatIsGone_FailsItsOwnTrialsAlone()
    {
        var trained = Train();
        Directory.Delete(trained[0].AdapterDirectory, recursive: true);
        var events = TinyPack.Run(_pack.Evaluation(2, (trained[0], [TinyPack.Trial("t", Sums, More)]), (trained[1], [TinyPack.Trial("u", Sums)])));
        Assert.Equal([("t", "sums"), ("t", "more")], events.OfType<EvaluationFailedEvent>().Select(e => (e.Trial, e.Evaluation)));
        Assert.All(events.OfType<EvaluationFailedEvent>(), e => Assert.Contains(trained[0].AdapterDirectory, e.Message, StringComparison.Ordinal));
        Assert.Equal("u", Assert.Single(events.OfType<ResultEvent>()).Trial);
    }

    [Fact]
    public void Run_ItemsChangedSinceTheCheck_FailThereAlone()
    {
        var trained = Train();
        var job = _pack.Evaluation(2, (trained[0], [TinyPack.Trial("t", Sums, More)]));
        Directory.SetCurrentDirectory(_pack[""]);
        var now = SuiteDeclarations.ContentOf(SuiteDeclarations.Create(More, _pack.Folders.Datasets), _pack.Folders.Datasets);
        var events = TinyPack.Run(job with { SuiteContent = new Dictionary<string, string> { ["sums"] = "what it was", ["more"] = now } });
        Assert.Contains("the items of sums have changed", Assert.Single(events.OfType<EvaluationFailedEvent>()).Message, StringComparison.Ordinal);
        Assert.Equal("more", Assert.Single(events.OfType<ResultEvent>()).Evaluation);
    }

    [Fact]
    public void Run_SharedKey_LeavesTheResultForOtherSweeps()
    {
        var trained = Train();
        var trial = TinyPack.Trial("t", Sums, More) with { SharedKeys = new Dictionary<string, string> { ["sums"] = "k" } };
        var result = TinyPack.Run(_pack.Evaluation(2, (trained[0], [trial])) with { Sweep = "e/s" }).OfType<ResultEvent>().First();
        var shared = JsonSerializer.Deserialize<SharedResult>(File.ReadAllBytes(Path.Combine(SharedWork.Result(_pack.Folders, "k"), SharedWork.Description)), Frames.Json)!;
        Assert.Equal(("e/s", 2), (shared.Sweep, shared.Items));
        Assert.Equal(result.Metrics, shared.Metrics);
        Assert.Equal(File.ReadAllText(result.ResultFile!), File.ReadAllText(Path.Combine(SharedWork.Result(_pack.Folders, "k"), shared.ResultFile!)));
        Assert.Single(Directory.EnumerateDirectories(SharedWork.Results(_pack.Folders)));
    }

    [Fact]
    public void Run_AfterMemoryRanOut_SmallerLimitsGiveTheSameNumbers()
    {
        var trained = Train();
        var job = _pack.Evaluation(2, (trained[0], [TinyPack.Trial("t", More)]));
        var (whole, small) = (TinyPack.Run(job), TinyPack.Run(job with { MemoryDivisor = 64 }));
        Assert.Equal(whole.OfType<ResultEvent>().Single().Metrics, small.OfType<ResultEvent>().Single().Metrics);
    }

    [Fact]
    public void Run_EveryPhase_BeginsWithAHeartbeat()
    {
        var trained = Train();
        var events = TinyPack.Run(_pack.Evaluation(2, (trained[0], [TinyPack.Trial("t", Sums)])));
        Assert.Equal([WorkPhases.Load, WorkPhases.Prepare, WorkPhases.Generate, WorkPhases.Score], events.OfType<HeartbeatEvent>().Select(beat => beat.Phase).Distinct());
        Assert.Equal(WorkPhases.Score, events.TakeWhile(e => e is not ResultEvent).OfType<HeartbeatEvent>().Last().Phase);
    }
}
