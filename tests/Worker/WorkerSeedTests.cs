using AlpacaCot.Adapters;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Worker;

/// <summary>A member's seed decides its numbers, and a worker's base is the one that a job names.</summary>
public sealed class WorkerSeedTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public WorkerSeedTests() => LibTorch.Load();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void Run_MembersThatDifferInTheSeedAlone_StartFromDifferentNumbers()
    {
        // Nothing is learnt, so that the order of the rows, which follows from the seed too, changes nothing.
        var still = TinyPack.Fine with { LearningRate = 0 };
        var job = _pack.Job(1, ("a", still), ("b", still), ("c", still));
        job = job with { Members = [job.Members[0] with { Seed = 5 }, job.Members[1] with { Seed = 6 }, job.Members[2] with { Seed = 5 }] };
        var weights = TinyPack.Run(job).OfType<TrainedEvent>().ToDictionary(e => e.Member, e => File.ReadAllBytes(Path.Combine(e.AdapterDirectory, AdapterDirectory.WeightsFile)));
        Assert.NotEqual(weights["a"], weights["b"]);
        Assert.Equal(weights["a"], weights["c"]);
    }

    [Fact]
    public void Base_AnotherModel_IsLoadedAnew()
    {
        Directory.CreateDirectory(_pack["models/copy"]);
        foreach (var file in Directory.EnumerateFiles(_pack["models/tiny"])) File.Copy(file, Path.Combine(_pack["models/copy"], Path.GetFileName(file)));
        var state = new WorkerState();
        Assert.Equal("tiny", Path.GetFileName(state.Base(new BaseModel("tiny", "fp32"), _pack.Folders).Path));
        Assert.Equal("copy", Path.GetFileName(state.Base(new BaseModel("copy", "fp32"), _pack.Folders).Path));
    }
}
