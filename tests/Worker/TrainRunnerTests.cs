using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>Packs on a small random model: events, files, resume, members that fail.</summary>
public sealed class TrainRunnerTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    private static byte[] Weights(TrainedEvent trained) => File.ReadAllBytes(Path.Combine(trained.AdapterDirectory, AdapterDirectory.WeightsFile));

    [Fact]
    public void Run_TwoMembers_TellsCheckpointsThenAdapters()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
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
        Assert.True(events.FindIndex(e => e is CheckpointEvent) < events.FindIndex(e => e is TrainedEvent));
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

    /// <summary>Two members of which the first is done after two steps, killed at the last checkpoint.</summary>
    private (TrainJob Job, CheckpointEvent Accepted) Interrupted()
    {
        CheckpointEvent? last = null;
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
        Assert.ThrowsAny<OperationCanceledException>(() => TinyPack.Run(job, news => (last = news as CheckpointEvent ?? last) is { Step: 4 }));
        return (job with { Directory = _pack["pack-0/2"] }, last!);
    }

    private static CheckpointReference Reference(CheckpointEvent e) => new(e.Uri, e.Step, e.Sha256);

    [Fact]
    public void Run_MemoryRanOutAfterACheckpoint_GoesOnFromItAtHalfTheMicroBatch()
    {
        var (job, accepted) = Interrupted();
        var events = TinyPack.Run(job with { Resume = Reference(accepted), MicroBatchTokens = job.MicroBatchTokens / 2 });
        Assert.Equal(["a", "b"], events.OfType<TrainedEvent>().Select(e => e.Member));
        Assert.DoesNotContain(events.OfType<ProgressEvent>(), e => e.Phase == "train" && e.Step is > 0 and <= 4);
    }

    [Fact]
    public void Run_TrainedMember_KeepsThePacksCompositionAndIsNotReportedAgain()
    {
        var whole = TinyPack.Run(_pack.Job(9, ("a", TinyPack.Fine), ("b", TinyPack.Fine))).OfType<TrainedEvent>().ToList();
        var (job, accepted) = Interrupted();
        var events = TinyPack.Run(job with { Resume = Reference(accepted), Members = [job.Members[0] with { Trained = true }, job.Members[1]] });
        var trained = Assert.Single(events.OfType<TrainedEvent>());
        Assert.Equal("b", trained.Member);
        Assert.Equal(Weights(whole[1]), Weights(trained));
    }

    [Fact]
    public void Run_MembersThatLeft_AreNotNeededToGoOn()
    {
        var (job, accepted) = Interrupted();
        var events = TinyPack.Run(job with { Resume = Reference(accepted), Members = [job.Members[1]] });
        Assert.Equal("b", Assert.Single(events.OfType<TrainedEvent>()).Member);
        Assert.DoesNotContain(events.OfType<ProgressEvent>(), e => e.Phase == "train" && e.Step is > 0 and <= 4);
    }

    [Fact]
    public void Run_CheckpointThatWasNeverAccepted_IsNotGoneOnFrom()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine));
        var told = TinyPack.Run(job).OfType<CheckpointEvent>().ToList();
        Assert.Equal([2, 4, 6], told.Select(e => e.Step));
        var events = TinyPack.Run(job with { Directory = _pack["pack-0/2"], Resume = Reference(told[0]) });
        Assert.Equal([4, 6], events.OfType<CheckpointEvent>().Select(e => e.Step));
        Assert.False(Directory.Exists(Path.Combine(_pack["pack-0/1"], "checkpoints", "step-8")));
    }

    [Fact]
    public void Run_CheckpointThatIsNotTheAcceptedOne_IsPassedOverForTheOneBefore()
    {
        var (job, accepted) = Interrupted();
        var events = TinyPack.Run(job with { Resume = Reference(accepted) with { Sha256 = new string('0', 64) } });
        Assert.Contains(events.OfType<ProgressEvent>(), e => e.Note?.Contains("not the checkpoint that was accepted", StringComparison.Ordinal) == true);
        Assert.Equal([4, 6], events.OfType<CheckpointEvent>().Select(e => e.Step));
        Assert.Equal(2, events.OfType<TrainedEvent>().Count());
    }

    [Fact]
    public void Run_WeightsReplacedSinceTheCheck_RefusedByName()
    {
        var weights = Path.Combine(_pack["models/tiny"], "model.safetensors");
        var job = _pack.Job(1, ("a", TinyPack.Fine)) with { BaseFiles = _pack.Stamps(weights) };
        Assert.Single(TinyPack.Run(job).OfType<TrainedEvent>());
        // A copy that is put back is the same.
        var bytes = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, bytes);
        Assert.Single(TinyPack.Run(job).OfType<TrainedEvent>());
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var e = Assert.Throws<ToolException>(() => TinyPack.Run(job));
        Assert.Contains(weights, e.Message, StringComparison.Ordinal);
        Assert.Contains("has changed since the sweep was checked", e.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Data, Failures.KindOf(e));
        File.Delete(weights);
        Assert.Contains("is gone", Assert.Throws<ToolException>(() => TinyPack.Run(job)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_RowsReplacedSinceTheCheck_FailThatMemberAlone()
    {
        var rows = _pack["rows.json"];
        File.WriteAllText(rows, """[{"instruction":"1+1","input":"","output":"2"}]""");
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
        job = job with { Members = [job.Members[0] with { Data = new DataSpec { Name = "d", Template = "goat", Sources = [new SourceSpec { Path = "rows.json" }] }, DataFiles = _pack.Stamps(rows) }, job.Members[1]] };
        Assert.Equal(2, TinyPack.Run(job).OfType<TrainedEvent>().Count());
        File.WriteAllText(rows, """[{"instruction":"1+1","input":"","output":"3"}]""");
        var events = TinyPack.Run(job with { Directory = _pack["pack-0/2"] });
        Assert.Contains(rows, Assert.Single(events.OfType<FailedEvent>(), e => e is { Member: "a", Kind: FailureKind.Data }).Message, StringComparison.Ordinal);
        Assert.Equal("b", Assert.Single(events.OfType<TrainedEvent>()).Member);
    }

    [Fact]
    public void Base_OtherContentAtTheSamePlace_IsLoadedAnew()
    {
        var state = new WorkerState();
        var weights = Path.Combine(_pack["models/tiny"], "model.safetensors");
        Directory.SetCurrentDirectory(_pack[""]);
        var first = state.Base(new BaseModel("tiny", "fp32"), _pack.Folders, _pack.Stamps(weights));
        Assert.Same(first, state.Base(new BaseModel("tiny", "fp32"), _pack.Folders, _pack.Stamps(weights)));
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.NotSame(first, state.Base(new BaseModel("tiny", "fp32"), _pack.Folders, _pack.Stamps(weights)));
    }

    [Fact]
    public void Run_SharedKey_LeavesTheAdapterForOtherSweeps()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
        var trained = TinyPack.Run(job with { Sweep = "e/s", Members = [job.Members[0] with { SharedKey = "k" }, job.Members[1]] }).OfType<TrainedEvent>().First();
        var shared = SharedWork.Adapter(_pack.Folders, "k");
        Assert.Equal(Weights(trained), File.ReadAllBytes(Path.Combine(shared, AdapterDirectory.WeightsFile)));
        Assert.True(File.Exists(Path.Combine(shared, LossCurve.File)));
        Assert.Equal(
            new SharedAdapter("e/s", trained.Sha256, 6, trained.FinalLoss, trained.Seconds, trained.Tokens),
            JsonSerializer.Deserialize<SharedAdapter>(File.ReadAllBytes(Path.Combine(shared, SharedWork.Description)), Frames.Json));
        Assert.Single(Directory.EnumerateDirectories(SharedWork.Adapters(_pack.Folders)));
    }

    [Fact]
    public void Run_MemberThatCannotBePrepared_FailsAlone()
    {
        var job = _pack.Job(1, ("a", TinyPack.Fine), ("b", TinyPack.Fine));
        var events = TinyPack.Run(job with { Members = [job.Members[0] with { Data = new DataSpec { Name = "d", Template = "goat", Sources = [new SourceSpec { Path = "gone.json" }] } }, job.Members[1]] });
        var failed = Assert.Single(events.OfType<FailedEvent>());
        Assert.Equal(("a", FailureKind.Data), (failed.Member, failed.Kind));
        Assert.Contains("gone.json", failed.Message, StringComparison.Ordinal);
        Assert.Equal("b", Assert.Single(events.OfType<TrainedEvent>()).Member);
    }

    [Fact]
    public void Run_UnknownModel_NamesItAndWhereItWasLookedFor()
    {
        var e = Assert.Throws<ModelException>(() => TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine)) with { Base = new BaseModel("none", "fp32") }));
        Assert.Contains(_pack.Folders.Models, e.Message, StringComparison.Ordinal);
    }

    /// <summary>A supervisor takes a worker that says nothing of its work to hang: each phase begins with a word from the thread that works.</summary>
    [Fact]
    public void Run_EveryPhase_BeginsWithAHeartbeat()
    {
        var events = TinyPack.Run(_pack.Job(1, ("a", TinyPack.Fine)));
        Assert.Equal([WorkPhases.Load, WorkPhases.Prepare, WorkPhases.Train, WorkPhases.Save], events.OfType<HeartbeatEvent>().Select(beat => beat.Phase).Distinct());
        // Before a checkpoint is written, which may take long, and before the adapters at the end.
        foreach (var (at, news) in events.Index().Where(e => e.Item is CheckpointEvent or TrainedEvent))
            Assert.Equal(WorkPhases.Save, events.Take(at).OfType<HeartbeatEvent>().Last().Phase);
    }
}
