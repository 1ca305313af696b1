using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>Packs on a small random model: events, files, resume, members that fail.</summary>
public sealed class PackRunnerTests : IDisposable
{
    private const string Sums = """[{"name":"goat-arithmetic","suite":"goat-arithmetic","limit":2}]""";
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    private static byte[] Weights(TrainedEvent trained) => File.ReadAllBytes(Path.Combine(trained.AdapterDirectory, AdapterDirectory.WeightsFile));

    [Fact]
    public void Run_TwoMembers_TellsCheckpointsThenAdaptersThenResults()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
        job = job with { Members = [job.Members[0] with { Trials = [TinyPack.Trial("t", Sums), TinyPack.Trial("cued", Sums) with { Cue = "Think." }] }, job.Members[1]] };
        var events = TinyPack.Run(job);
        Assert.All(events.OfType<CheckpointEvent>(), e => Assert.True(File.Exists(Path.Combine(e.Uri, "manifest.json"))));
        Assert.Contains(2, events.OfType<CheckpointEvent>().Select(e => (int)e.Step));
        var trained = events.OfType<TrainedEvent>().ToList();
        Assert.Equal(["a", "b"], trained.Select(e => e.Member));
        Assert.All(trained, e =>
        {
            Assert.Equal(6, e.Steps);
            Assert.True(double.IsFinite(e.FinalLoss) && e.Tokens > 0);
            Assert.Equal(6, JsonSerializer.Deserialize<double[]>(File.ReadAllText(Path.Combine(e.AdapterDirectory, LossCurve.File)))!.Length);
            Assert.StartsWith(job.Directory, e.AdapterDirectory, StringComparison.Ordinal);
        });
        Assert.NotEqual(trained[0].Sha256, trained[1].Sha256);
        var results = events.OfType<ResultEvent>().ToList();
        Assert.Equal(["t", "cued"], results.Select(e => e.Trial));
        Assert.All(results, e =>
        {
            Assert.Equal(("goat-arithmetic", 2), (e.Evaluation, e.Items));
            Assert.Contains("exact_match", e.Metrics.Keys);
            Assert.True(File.Exists(e.ResultFile));
        });
        Assert.True(events.FindIndex(e => e is CheckpointEvent) < events.FindIndex(e => e is TrainedEvent));
        Assert.True(events.FindLastIndex(e => e is TrainedEvent) < events.FindIndex(e => e is ResultEvent));
        Assert.Contains(events.OfType<ProgressEvent>(), e => e is { Phase: "train", Member: "b", Step: 6, Total: 6 });
    }

    [Fact]
    public void Run_AgainAfterACheckpoint_GivesTheSameBytes()
    {
        var whole = TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine))).OfType<TrainedEvent>().ToList();
        CheckpointEvent? accepted = null;
        Assert.ThrowsAny<OperationCanceledException>(() => TinyPack.Run(_pack.Job(2, ("a", TinyPack.Fine), ("b", TinyPack.Fine)), news => (accepted ??= news as CheckpointEvent) is not null));
        var events = TinyPack.Run(_pack.Job(3, ("a", TinyPack.Fine), ("b", TinyPack.Fine)) with { Resume = new CheckpointReference(accepted!.Uri, accepted.Step, accepted.Sha256) });
        var resumed = events.OfType<TrainedEvent>().ToList();
        Assert.DoesNotContain(events.OfType<ProgressEvent>(), e => e.Phase == "train" && e.Step <= accepted.Step && e.Step > 0);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Weights(whole[i]), Weights(resumed[i]));
            Assert.Equal(whole[i].Sha256, resumed[i].Sha256);
            Assert.Equal(File.ReadAllText(Path.Combine(whole[i].AdapterDirectory, LossCurve.File)), File.ReadAllText(Path.Combine(resumed[i].AdapterDirectory, LossCurve.File)));
        }
        Assert.All(resumed, e => Assert.Contains("/3/", e.AdapterDirectory, StringComparison.Ordinal));
    }

    [Fact]
    public void Run_MemberWhoseNumbersBreak_FailsAlone()
    {
        var events = TinyPack.Run(_pack.Job(1, ("fine", TinyPack.Fine), ("absurd", TinyPack.Absurd)));
        var failed = Assert.Single(events.OfType<FailedEvent>());
        Assert.Equal(("absurd", FailureKind.NonFinite), (failed.Member, failed.Kind));
        Assert.Contains("step", failed.Message, StringComparison.Ordinal);
        Assert.Equal("fine", Assert.Single(events.OfType<TrainedEvent>()).Member);
    }

    [Fact]
    public void Run_TrainedMember_IsOnlyAsked()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine));
        var trained = Assert.Single(TinyPack.Run(job).OfType<TrainedEvent>());
        var events = TinyPack.Run(job with { Members = [job.Members[0] with { TrainedAdapter = trained.AdapterDirectory, Trials = [TinyPack.Trial("t", Sums)] }] });
        Assert.Empty(events.OfType<TrainedEvent>());
        Assert.Equal("t", Assert.Single(events.OfType<ResultEvent>()).Trial);
    }

    [Fact]
    public void Run_UnknownModel_NamesItAndWhereItWasLookedFor()
    {
        var e = Assert.Throws<ModelException>(() => TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine)) with { Base = new BaseModel("none", "fp32") }));
        Assert.Contains(_pack.Folders.Models, e.Message, StringComparison.Ordinal);
    }
}
