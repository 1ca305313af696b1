using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Data;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using Microsoft.Extensions.Time.Testing;

namespace AlpacaCot.Training.Tests;

public sealed class CheckpointTests : IDisposable
{
    private const int Steps = 8;
    private readonly TemporaryFolder _folder = new();
    private readonly Decoder _decoder = TinyTraining.Decoder();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    public void Run_ThrownOutAndResumed_BitsOfAnUndisturbedRun(int failAt)
    {
        var undisturbed = Whole();
        using (var first = Trainer(out _))
            Assert.Throws<InvalidOperationException>(() => first.Run(p => { if (p.Step == failAt) throw new InvalidOperationException(); }));
        using var resumed = Trainer(out var adapters);
        Assert.Equal((failAt - 1) / 2 * 2, resumed.Step);
        AssertSame(undisturbed, resumed, adapters);
    }

    [Fact]
    public void Run_CancelledAndResumed_GoesOnFromWhereItStopped()
    {
        var undisturbed = Whole();
        using var cancellation = new CancellationTokenSource();
        using (var first = Trainer(out _))
            Assert.Throws<OperationCanceledException>(() => first.Run(p => { if (p.Step == 5) cancellation.Cancel(); }, cancellation.Token));
        using var resumed = Trainer(out var adapters);
        Assert.Equal(5, resumed.Step);
        AssertSame(undisturbed, resumed, adapters);
    }

    [Fact]
    public void Run_AfterTheEnd_NothingLeftToDo()
    {
        var undisturbed = Whole();
        using (var first = Trainer(out _)) first.Run();
        using var again = Trainer(out var adapters);
        Assert.Equal(Steps, again.Step);
        AssertSame(undisturbed, again, adapters);
    }

    [Fact]
    public void Run_ResumedAfterAMemberWasDone_ItsOutputIsWrittenWhereItIsWantedNow()
    {
        var policy = new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) };
        using (var first = new CoTrainer(_decoder, [Member("lora", TinyTraining.Lora(_decoder), 0.02) with { Output = _folder["attempt-1"] }], policy)) first.Run();
        using var second = new CoTrainer(_decoder, [Member("lora", TinyTraining.Lora(_decoder), 0.02) with { Output = _folder["attempt-2"] }], policy);
        second.Run();
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["attempt-1"], AdapterDirectory.WeightsFile)), File.ReadAllBytes(Path.Combine(_folder["attempt-2"], AdapterDirectory.WeightsFile)));
    }

    [Theory]
    [InlineData("member-1.safetensors", 6)]
    [InlineData("manifest.json", 6)]
    public void Restore_LatestCheckpointTorn_ThePreviousOne(string file, int expected)
    {
        var undisturbed = Whole();
        using (var first = Trainer(out _)) first.Run();
        Tear(8, file);
        using var resumed = Trainer(out var adapters);
        Assert.Equal(expected, resumed.Step);
        Assert.Contains("step-8", Assert.Single(resumed.Warnings), StringComparison.Ordinal);
        AssertSame(undisturbed, resumed, adapters);
    }

    /// <summary>A manifest names files beside it; what it says of others is not looked at, be it a device that never ends.</summary>
    [Theory]
    [InlineData("\"file\": \"member-1.safetensors\"", "\"file\": null")]
    [InlineData("\"name\": \"member-1.safetensors\"", "\"name\": \"/dev/zero\"")]
    [InlineData("\"name\": \"member-1.safetensors\"", "\"name\": \"../other\"")]
    public void Restore_ManifestThatNamesNoFileBesideIt_ThePreviousOne(string find, string put)
    {
        using (var first = Trainer(out _)) first.Run();
        var manifest = Path.Combine(_folder["pack"], "step-8", "manifest.json");
        var text = File.ReadAllText(manifest);
        Assert.Contains(find, text, StringComparison.Ordinal);
        File.WriteAllText(manifest, text.Replace(find, put, StringComparison.Ordinal));
        using var resumed = Trainer(out _);
        Assert.Equal(6, resumed.Step);
        Assert.Contains("manifest.json is incomplete", Assert.Single(resumed.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_FlippedBitOrNoManifest_FromTheStart()
    {
        using (var first = Trainer(out _)) first.Run();
        var path = Path.Combine(_folder["pack"], "step-8", "member-0.safetensors");
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        File.Delete(Path.Combine(_folder["pack"], "step-6", "manifest.json"));
        using var resumed = Trainer(out _);
        Assert.Equal((0, 2), (resumed.Step, resumed.Warnings.Count));
    }

    [Fact]
    public void Save_ManySteps_KeepsTheLatestTwoAndNothingElse()
    {
        using (var first = Trainer(out _)) first.Run();
        Assert.Equal(["step-6", "step-8"], Directory.EnumerateFileSystemEntries(_folder["pack"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Save_FolderThatCannotBeWritten_OneLineAndNothingLeft()
    {
        File.WriteAllText(_folder["pack"], "a file, where the folder should be");
        using var trainer = Trainer(out _);
        Assert.Contains("cannot be written", Assert.Throws<TrainingException>(trainer.SaveCheckpoint).Message, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Restore_OtherSettings_Refused()
    {
        using (var first = Trainer(out _)) first.Run();
        var e = Assert.Throws<TrainingException>(() => Trainer(out _, learningRate: 0.5));
        Assert.Contains("other settings", e.Message, StringComparison.Ordinal);
    }

    /// <summary>What is learnt of the same tokens is another training: a mask that changed between two starts must not be mixed.</summary>
    [Fact]
    public void Restore_RowsThatDifferOnlyInLabels_Refused()
    {
        var policy = new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) };
        var member = Member("lora", TinyTraining.Lora(_decoder), 0.02);
        using (var first = new CoTrainer(_decoder, [member], policy)) first.Run();
        var row = member.Examples[0];
        var (labels, at) = ((int[])row.Labels.Clone(), row.Ids.Length / 3);
        labels[at] = Example.Ignored;
        var changed = member with { Examples = [row with { Labels = labels }, .. member.Examples.Skip(1)] };
        Assert.Contains("other settings", Assert.Throws<TrainingException>(() => new CoTrainer(_decoder, [changed], policy)).Message, StringComparison.Ordinal);
        var held = member with { Validation = [changed.Examples[0]] };
        Assert.Contains("other settings", Assert.Throws<TrainingException>(() => new CoTrainer(_decoder, [held], policy)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_OtherBudgets_GoesOn()
    {
        var undisturbed = Whole();
        using (var first = Trainer(out _))
            Assert.Throws<InvalidOperationException>(() => first.Run(p => { if (p.Step == 5) throw new InvalidOperationException(); }));
        using var smaller = Trainer(out var adapters, budgets: o => o with { TokenBudget = 7, LogitBudget = 100 });
        Assert.Equal(4, smaller.Step);
        var results = smaller.Run();
        foreach (var (a, b) in undisturbed.Results.Zip(results))
            Assert.All(a.Losses.Zip(b.Losses), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Restore_OtherBase_Refused()
    {
        using (var first = Trainer(out _, budgets: o => o with { BaseContent = "a" })) first.Run();
        Assert.Contains("another base", Assert.Throws<TrainingException>(() => Trainer(out _, budgets: o => o with { BaseContent = "b" })).Message, StringComparison.Ordinal);
        using var same = Trainer(out _, budgets: o => o with { BaseContent = "a" });
        Assert.Equal(Steps, same.Step);
    }

    [Fact]
    public void Restore_BaseElsewhere_GoesOn()
    {
        CoTrainer At(string place, out Adapter adapter)
        {
            using var generator = new Generator(1);
            adapter = AdapterFactory.Create(_decoder, new LoraConfig { R = 4, Alpha = 8, BaseModel = place }, generator);
            return new CoTrainer(_decoder, [Member("lora", adapter, 0.02)], new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) });
        }
        using (var first = At("/here", out _)) first.Run();
        using var moved = At("/there", out _);
        Assert.Equal(Steps, moved.Step);
    }

    [Fact]
    public void Restore_SomeOfItsMembers_GoOnWithoutTheOthers()
    {
        using (var first = Trainer(out _))
            Assert.Throws<InvalidOperationException>(() => first.Run(p => { if (p.Step == 5) throw new InvalidOperationException(); }));
        var policy = new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) };
        using var ia3 = TinyTraining.Ia3(_decoder);
        using var alone = new CoTrainer(_decoder, [Member("ia3", ia3, 0.02)], policy);
        Assert.Equal(4, alone.Step);
        Assert.Equal(Steps, Assert.Single(alone.Run()).Steps);
        Assert.Contains("does not hold lora", Assert.Throws<TrainingException>(() => Trainer(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_RemovedMember_StaysOut()
    {
        using (var first = Trainer(out _))
            Assert.Throws<InvalidOperationException>(() => first.Run(p =>
            {
                if (p is { Member: "ia3", Step: 3 }) first.Remove("ia3");
                if (p is { Member: "lora", Step: 5 }) throw new InvalidOperationException();
            }));
        using var resumed = Trainer(out _);
        Assert.Equal([(Steps, false), (3, true)], resumed.Run().Select(r => (r.Steps, r.Removed)));
    }

    [Fact]
    public void SaveIfDue_ByTime_WhenTheClockSaysSo()
    {
        var clock = new FakeTimeProvider();
        var policy = new CheckpointPolicy(_folder["pack"], Every: TimeSpan.FromSeconds(10), Keep: 10);
        using var trainer = new CoTrainer(_decoder, [Member("lora", TinyTraining.Lora(_decoder), 0.02)], new CoTrainerOptions { Checkpoints = policy, Time = clock });
        trainer.Run(_ => clock.Advance(TimeSpan.FromSeconds(4)));
        Assert.Equal(["step-3", "step-6"], Directory.EnumerateDirectories(_folder["pack"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_Output_AdapterFolderOfTheTrainedValues()
    {
        using var adapter = TinyTraining.Lora(_decoder);
        using var trainer = new CoTrainer(_decoder, [Member("lora", adapter, 0.02) with { Output = _folder["out"] }]);
        trainer.Run();
        using var loaded = AdapterDirectory.Load(_decoder, _folder["out"]);
        Assert.Equal(TinyTraining.Values(adapter), TinyTraining.Values(loaded));
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }

    private (IReadOnlyList<MemberResult> Results, float[][] Values) Whole()
    {
        Adapter[] adapters = [TinyTraining.Lora(_decoder, 0.1), TinyTraining.Ia3(_decoder)];
        using var trainer = new CoTrainer(_decoder, [Member("lora", adapters[0], 0.02), Member("ia3", adapters[1], 0.02)]);
        return (trainer.Run(), [.. adapters.Select(TinyTraining.Values)]);
    }

    private CoTrainer Trainer(out Adapter[] adapters, double learningRate = 0.02, Func<CoTrainerOptions, CoTrainerOptions>? budgets = null)
    {
        var options = new CoTrainerOptions { Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) };
        adapters = [TinyTraining.Lora(_decoder, 0.1), TinyTraining.Ia3(_decoder)];
        return new CoTrainer(_decoder, [Member("lora", adapters[0], learningRate), Member("ia3", adapters[1], learningRate)], budgets?.Invoke(options) ?? options);
    }

    private static TrainingMember Member(string name, Adapter adapter, double learningRate) => new(name, adapter, TinyTraining.Rows(13, 3),
        new TrainingSpec { LearningRate = learningRate, BatchSize = 3, MaxSteps = Steps, WarmupSteps = 2 }, 5) { Validation = TinyTraining.Rows(4, 9) };

    private static void AssertSame((IReadOnlyList<MemberResult> Results, float[][] Values) whole, CoTrainer resumed, Adapter[] adapters)
    {
        var results = resumed.Run();
        foreach (var (a, b) in whole.Results.Zip(results))
        {
            Assert.Equal(a.Losses, b.Losses);
            Assert.Equal(a.Evaluations, b.Evaluations);
        }
        Assert.Equal(whole.Values, adapters.Select(TinyTraining.Values));
    }

    private void Tear(int step, string file)
    {
        using var stream = File.OpenWrite(Path.Combine(_folder["pack"], $"step-{step}", file));
        stream.SetLength(stream.Length / 2);
    }
}
