using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

/// <summary>Trainings of the base's own weights: alone, exactly resumed, and of no weight that they leave out.</summary>
public sealed class BaseTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"peft_type": "FULL"}""")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": 1}""")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": -1, "freeze_extra_modules": ["norm"]}""")]
    public void Run_ThrownOutAndResumed_BitsOfAnUndisturbedRun(string json)
    {
        using Decoder whole = TinyTraining.Decoder(), broken = TinyTraining.Decoder(), resumed = TinyTraining.Decoder();
        var policy = new CoTrainerOptions { TokenBudget = 40, Checkpoints = new CheckpointPolicy(_folder["pack"], EverySteps: 2) };
        var losses = Run(whole, json, new CoTrainerOptions { TokenBudget = 40 });
        Assert.True(losses[^1] < losses[0], "it does not learn");
        Assert.Throws<InvalidOperationException>(() => Run(broken, json, policy, stopAt: 5));
        Assert.Equal(losses, Run(resumed, json, policy, from: 4));
        Assert.All(whole.Parameters, p => Assert.Equal(p.Value.ToArray<float>(), resumed.Parameters[p.Key].ToArray<float>()));
    }

    [Fact]
    public void Run_Freeze_LeavesTheOtherWeightsAsTheyAre()
    {
        using Decoder before = TinyTraining.Decoder(), after = TinyTraining.Decoder();
        Run(after, """{"peft_type": "FREEZE", "freeze_trainable_layers": 1}""", new CoTrainerOptions());
        foreach (var (name, value) in before.Parameters)
            Assert.Equal(!name.Contains("layers.1.", StringComparison.Ordinal), value.ToArray<float>().SequenceEqual(after.Parameters[name].ToArray<float>()));
    }

    [Fact]
    public void Create_BesideAnotherMember_Refused()
    {
        using var decoder = TinyTraining.Decoder();
        using Adapter full = TinyTraining.Read(decoder, """{"peft_type": "FULL"}"""), lora = TinyTraining.Lora(decoder);
        var settings = new TrainingSpec { LearningRate = 1e-3, MaxSteps = 1 };
        var message = Assert.Throws<TrainingException>(() => new CoTrainer(decoder, [new("full", full, TinyTraining.Rows(2, 1), settings, 0), new("lora", lora, TinyTraining.Rows(2, 1), settings, 0)])).Message;
        Assert.Contains("full: it trains the base's own weights and shares the base with nobody", message, StringComparison.Ordinal);
        Assert.DoesNotContain("lora:", message, StringComparison.Ordinal);
    }

    /// <summary>Label smoothing and z-loss are a member's own; held-out losses go without.</summary>
    [Fact]
    public void Run_SmoothedBesidePlain_EachAsAlone()
    {
        using var decoder = TinyTraining.Decoder();
        MemberResult[] Train(params (string Name, double Smoothing)[] members)
        {
            var adapters = members.Select(_ => TinyTraining.Lora(decoder)).ToList();
            using var trainer = new CoTrainer(decoder, [.. members.Select((member, i) => new TrainingMember(
                member.Name, adapters[i], TinyTraining.Rows(6, 3), new TrainingSpec { LearningRate = 5e-3, BatchSize = 3, MaxSteps = 4, LabelSmoothing = member.Smoothing, ZLoss = member.Smoothing / 100 }, 5) { Validation = TinyTraining.Rows(2, 9) })]);
            var results = trainer.Run().ToArray();
            adapters.ForEach(adapter => adapter.Dispose());
            return results;
        }
        var (plain, smooth) = (Train(("plain", 0))[0], Train(("smooth", 0.2))[0]);
        var together = Train(("plain", 0), ("smooth", 0.2));
        Assert.Equal(plain.Losses, together[0].Losses, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(smooth.Losses, together[1].Losses, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.True(Math.Abs(plain.Losses[0] - smooth.Losses[0]) > 1e-3);
        // One step has moved them apart by little; the smoothing itself would show.
        Assert.Equal(plain.Evaluations[0].Loss, smooth.Evaluations[0].Loss, 0.05);
    }

    /// <summary>What transformers' Trainer leaves out: biases and norm weights, by their names.</summary>
    [Theory]
    [InlineData("""{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3, "prefix_projection": true, "encoder_hidden_size": 8}""", "bias")]
    [InlineData("""{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 8, "encoder_reparameterization_type": "LSTM"}""", "bias")]
    [InlineData("""{"peft_type": "LN_TUNING"}""", "")]
    [InlineData("""{"peft_type": "LORA", "use_dora": true}""", "nothing of it")]
    [InlineData("""{"peft_type": "IA3"}""", "nothing of it")]
    public void Decays_ParametersOfAdapters_AllButBiasesAndNorms(string json, string leftOut)
    {
        using var decoder = TinyTraining.Decoder();
        using var adapter = TinyTraining.Read(decoder, json);
        Assert.All(adapter.Parameters, p => Assert.Equal(!p.Key.Contains(leftOut, StringComparison.Ordinal), p.Decays));
        if (leftOut == "bias") Assert.Contains(adapter.Parameters, p => !p.Decays);
    }

    private static IReadOnlyList<double> Run(Decoder decoder, string json, CoTrainerOptions options, int? stopAt = null, int from = 0)
    {
        using var adapter = TinyTraining.Read(decoder, json);
        var settings = new TrainingSpec { LearningRate = 5e-3, BatchSize = 3, MaxSteps = 8, Schedule = "cosine", WeightDecay = 0.1 };
        using var trainer = new CoTrainer(decoder, [new TrainingMember("m", adapter, TinyTraining.Rows(7, 3), settings, 5)], options);
        Assert.Equal(from, trainer.Step);
        return trainer.Run(p => { if (p.Step == stopAt) throw new InvalidOperationException(); })[0].Losses;
    }
}
