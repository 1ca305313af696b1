using AlpacaCot.Adapters;
using AlpacaCot.Adapters.LnTuning;
using AlpacaCot.Adapters.Loha;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Adapters.Oft;
using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Adapters.Prefix;
using AlpacaCot.Adapters.Vera;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Training.Optimisers;

namespace AlpacaCot.Training.Tests;

public sealed class CoTrainingTests : IDisposable
{
    private readonly Decoder _decoder = TinyTraining.Decoder(biases: true);

    [Theory]
    [InlineData(4096, 0.0)]
    [InlineData(40, 0.0)]
    [InlineData(40, 0.2)]
    public void Run_LoraAndIa3OnOneBase_TenStepsAsAlone(int tokenBudget, double dropout)
    {
        var options = new CoTrainerOptions { TokenBudget = tokenBudget };
        var (lora, ia3) = (LoraMember(dropout), Ia3Member());
        var together = Train(options, lora, ia3);

        var (loraAlone, ia3Alone) = (LoraMember(dropout), Ia3Member());
        var alone = new[] { Train(new CoTrainerOptions(), loraAlone)[0], Train(new CoTrainerOptions(), ia3Alone)[0] };

        foreach (var (a, b) in alone.Zip(together))
        {
            Assert.Equal(10, b.Losses.Count);
            foreach (var (x, y) in a.Losses.Zip(b.Losses)) Assert.Equal(x, y, 1e-5);
        }
        Close(loraAlone.Adapter, lora.Adapter);
        Close(ia3Alone.Adapter, ia3.Adapter);
        Assert.True(TinyTraining.Values(ia3.Adapter).Max(l => Math.Abs(l - 1)) > 0.05, "the steps should have moved the vectors");
    }

    /// <summary>Unlike methods in one pack, each with its own optimiser and batch size, train as they do alone; what one changes of the base is its own.</summary>
    [Fact]
    public void Run_EveryMethodAroundAProjectionTogether_TenStepsAsAlone()
    {
        // Lion's steps have one size: a sign that rounding turns would be seen, and is no fault of the pack.
        string[] optimisers = ["adamw", "adam", "sgd", "adafactor"];
        List<TrainingMember> Members() => [.. Methods().Select((method, i) => LoraMember(0) with
        {
            Name = method.Name, Adapter = TinyTraining.Create(_decoder, method.Config, 3 + (ulong)i),
            Settings = LoraMember(0).Settings with { BatchSize = 2 + i % 3, Optimizer = optimisers[i % optimisers.Length], LearningRate = 1e-3 },
        })];
        var (packed, single) = (Members(), Members());
        var weights = _decoder.Parameters.Values.Sum(weight => weight.to(ScalarType.Float64).sum().item<double>());
        var together = Train(new CoTrainerOptions { TokenBudget = 200 }, [.. packed]);
        for (var i = 0; i < packed.Count; i++)
        {
            var alone = Train(new CoTrainerOptions(), single[i])[0];
            foreach (var (x, y) in alone.Losses.Zip(together[i].Losses)) Assert.True(Math.Abs(x - y) <= 1e-5, $"{packed[i].Name}: {y}, alone {x}");
            Assert.Equal(10, together[i].Losses.Count);
            Close(single[i].Adapter, packed[i].Adapter);
        }
        Assert.Equal(weights, _decoder.Parameters.Values.Sum(weight => weight.to(ScalarType.Float64).sum().item<double>()));
    }

    private static IEnumerable<(string Name, AdapterConfig Config)> Methods()
    {
        var lora = new LoraConfig { R = 4, Alpha = 8, Init = LoraInit.Random };
        yield return ("lora", lora);
        yield return ("dora", lora with { UseDora = true });
        yield return ("pissa", lora with { Init = LoraInit.Pissa });
        yield return ("lora+", lora with { LoraPlusRatio = 8 });
        yield return ("head", lora with { ModulesToSave = new OneOrMany<string>(["lm_head", "embed_tokens"]) });
        yield return ("embedding", lora with { TargetModules = ModuleSelection.Of("q_proj", "embed_tokens", "lm_head") });
        yield return ("biases", lora with { Biases = TrainedBiases.All });
        yield return ("biases of targets", new OftConfig { BlockSize = 8, Biases = TrainedBiases.OfTargets });
        yield return ("norms", new PrefixConfig { VirtualTokens = 2, ModulesToSave = new OneOrMany<string>(["layernorm"]) });
        yield return ("mlp", new VeraConfig { R = 16, InitWeights = false, ModulesToSave = new OneOrMany<string>(["layers.1.mlp", "lm_head"]) });
        yield return ("loha", new LohaConfig { R = 3, InitWeights = false });
        yield return ("vera", new VeraConfig { R = 16, InitWeights = false });
        yield return ("oft", new OftConfig { BlockSize = 8, InitWeights = false, UseSeries = false });
        yield return ("oft-series", new OftConfig { BlockSize = 8 });
        yield return ("ln_tuning", new LnTuningConfig());
    }

    [Fact]
    public void Run_DropoutOfAnotherSeed_OtherLosses()
    {
        var a = Train(new CoTrainerOptions(), LoraMember(0.2))[0];
        var b = Train(new CoTrainerOptions(), LoraMember(0.2) with { Seed = 12, Order = RowOrder.Shuffled(5) })[0];
        var c = Train(new CoTrainerOptions(), LoraMember(0.2) with { Order = RowOrder.Shuffled(5) })[0];
        Assert.NotEqual(b.Losses, c.Losses);
        Assert.NotEqual(a.Losses, c.Losses);
    }

    [Fact]
    public void Run_SameTwice_SameBits()
    {
        var (a, b) = (LoraMember(0.1), LoraMember(0.1));
        Assert.Equal(Train(new CoTrainerOptions(), a)[0].Losses, Train(new CoTrainerOptions(), b)[0].Losses);
        Assert.Equal(TinyTraining.Values(a.Adapter), TinyTraining.Values(b.Adapter));
    }

    [Fact]
    public void Run_MembersOfUnequalLength_EachEndsAtItsOwnStep()
    {
        var shorter = Ia3Member() with { Settings = Ia3Member().Settings with { MaxSteps = 3 } };
        var results = Train(new CoTrainerOptions(), LoraMember(0), shorter);
        Assert.Equal([10, 3], results.Select(r => r.Steps));
        Assert.Equal(Train(new CoTrainerOptions(), LoraMember(0))[0].Losses[9], results[0].Losses[9], 1e-5);
    }

    [Fact]
    public void Remove_FromTheCallback_OthersGoOnAsAlone()
    {
        using var trainer = new CoTrainer(_decoder, [LoraMember(0), Ia3Member()]);
        var results = trainer.Run(p =>
        {
            if (p is { Member: "ia3", Step: 4 }) trainer.Remove("ia3");
        });
        Assert.Equal([(10, false), (4, true)], results.Select(r => (r.Steps, r.Removed)));
        Assert.Equal(Train(new CoTrainerOptions(), LoraMember(0))[0].Losses[9], results[0].Losses[9], 1e-5);
        Assert.Throws<TrainingException>(() => trainer.Remove("ia3"));
    }

    [Fact]
    public void Run_Accumulation_AsOneLargeBatch()
    {
        var small = LoraMember(0) with { Settings = LoraMember(0).Settings with { BatchSize = 6, GradientAccumulation = 3 } };
        var large = LoraMember(0) with { Settings = LoraMember(0).Settings with { BatchSize = 6 } };
        Assert.Equal(Train(new CoTrainerOptions(), large)[0].Losses, Train(new CoTrainerOptions { TokenBudget = 25 }, small)[0].Losses, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Run_SmallLogitBudget_SameLosses()
    {
        var whole = Train(new CoTrainerOptions(), LoraMember(0))[0].Losses;
        var chunked = Train(new CoTrainerOptions { LogitBudget = 5 * TinyTraining.Vocabulary }, LoraMember(0))[0].Losses;
        Assert.Equal(whole, chunked, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Run_Bf16Base_LearnsWithFp32Adapter()
    {
        using var decoder = TinyTraining.Decoder(ScalarType.BFloat16);
        using var adapter = TinyTraining.Lora(decoder);
        using var trainer = new CoTrainer(decoder, [LoraMember(0) with { Adapter = adapter, Settings = LoraMember(0).Settings with { MaxSteps = 40 } }]);
        var losses = trainer.Run()[0].Losses;
        Assert.True(losses.Take(5).Average() - losses.TakeLast(5).Average() > 0.3);
        Assert.All(adapter.Parameters, p => Assert.Equal(ScalarType.Float32, p.Value.dtype));
    }

    [Fact]
    public void Run_HeldOutRows_EvaluatedAtTheEndOfEveryEpoch()
    {
        var member = LoraMember(0) with { Validation = TinyTraining.Rows(5, 77), Settings = LoraMember(0).Settings with { MaxSteps = null, Epochs = 1.5, BatchSize = 4 } };
        var evaluated = new List<int>();
        using var trainer = new CoTrainer(_decoder, [member]);
        var result = trainer.Run(p =>
        {
            if (p.EvalLoss is not null) evaluated.Add(p.Step);
        })[0];
        Assert.Equal([5, 8], evaluated);
        Assert.Equal([5, 8], result.Evaluations.Select(e => e.Step));
    }

    [Fact]
    public void Run_ParameterNotFinite_NamesMemberStepAndTensorAndUpdatesNobody()
    {
        var (good, bad) = (LoraMember(0), Ia3Member());
        using (torch.no_grad()) bad.Adapter.Parameters[0].Value.fill_(float.NaN);
        var before = TinyTraining.Values(good.Adapter);
        using var trainer = new CoTrainer(_decoder, [good, bad]);
        var e = Assert.Throws<NonFiniteException>(() => trainer.Run());
        Assert.Equal(("ia3", 1, "the loss"), (e.Member, e.Step, e.Tensor));
        Assert.Equal(before, TinyTraining.Values(good.Adapter));

        trainer.Remove("ia3");
        Assert.Equal(10, trainer.Run()[0].Steps);
    }

    [Fact]
    public void FirstNonFinite_OneBadGradient_ItsKey()
    {
        var adapter = Ia3Member().Adapter;
        using var optimiser = new AdamW(adapter.Parameters, new TrainingSpec { LearningRate = 1e-3 });
        using var scope = torch.NewDisposeScope();
        foreach (var parameter in adapter.Parameters) parameter.Value.grad = torch.ones_like(parameter.Value);
        adapter.Parameters[2].Value.grad = torch.full_like(adapter.Parameters[2].Value, double.PositiveInfinity);
        Assert.False(double.IsFinite(optimiser.GradNorm()));
        Assert.Equal(adapter.Parameters[2].Key, optimiser.FirstNonFinite());
    }

    [Fact]
    public void Create_SeveralFaults_AllNamed()
    {
        var rows = TinyTraining.Rows(2, 1);
        rows[1] = rows[1] with { Ids = [.. rows[1].Ids.Select(_ => 1000)] };
        var settings = new TrainingSpec { BatchSize = 0, Schedule = "quadratic" };
        var member = new TrainingMember("a", LoraMember(0).Adapter, rows, settings, 0);
        var message = Assert.Throws<TrainingException>(() => new CoTrainer(_decoder, [member, member with { Examples = [] }])).Message;
        foreach (var part in new[] { "batch_size", "quadratic", "learning_rate is missing", "token 1000", "no training rows", "named 'a'" }) Assert.Contains(part, message, StringComparison.Ordinal);
    }

    /// <summary>The vocabulary's size is the first id that the embedding has no row for.</summary>
    [Theory]
    [InlineData(TinyTraining.Vocabulary - 1, false)]
    [InlineData(TinyTraining.Vocabulary, true)]
    [InlineData(-1, true)]
    public void Create_TokenAtTheVocabularysEnd_RefusedFromItsSizeOn(int id, bool refused)
    {
        var member = LoraMember(0) with { Examples = [new Data.Example([1, id, 5], [-100, 4, 5])] };
        var held = LoraMember(0) with { Validation = [new Data.Example([1, id, 5], [-100, 4, 5])] };
        if (!refused)
        {
            new CoTrainer(_decoder, [member]).Dispose();
            new CoTrainer(_decoder, [held]).Dispose();
            return;
        }
        Assert.Contains($"training row 1 has token {id}", Assert.Throws<TrainingException>(() => new CoTrainer(_decoder, [member])).Message, StringComparison.Ordinal);
        Assert.Contains($"held-out row 1 has token {id}", Assert.Throws<TrainingException>(() => new CoTrainer(_decoder, [held])).Message, StringComparison.Ordinal);
    }

    /// <summary>Every epoch visits every row once, in an order of its own, and another seed has other orders.</summary>
    [Fact]
    public void NextStep_TwoEpochs_PermutationsThatDiffer()
    {
        var rows = TinyTraining.Rows(23, 4);
        List<int> Visited(ulong seed)
        {
            var member = new TrainingMember("m", TinyTraining.Ia3(_decoder), rows, new TrainingSpec { BatchSize = 4, Epochs = 2, LearningRate = 1e-3 }, seed);
            var state = new MemberState(member, 0);
            var visited = new List<int>();
            for (; !state.IsDone; state.Step++) visited.AddRange(state.NextStep().Rows.Select(row => rows.FindIndex(r => ReferenceEquals(r, row.Example))));
            return visited;
        }
        var visits = Visited(5);
        Assert.Equal(Enumerable.Range(0, 23), visits.Take(23).Order());
        Assert.Equal(Enumerable.Range(0, 23), visits.Skip(23).Order());
        Assert.NotEqual(visits.Take(23), visits.Skip(23));
        Assert.NotEqual(visits, Visited(6));
        Assert.Equal(visits, Visited(5));
    }

    public void Dispose() => _decoder.Dispose();

    private TrainingMember LoraMember(double dropout) => new("lora", TinyTraining.Lora(_decoder, dropout), TinyTraining.Rows(17, 3),
        new TrainingSpec { LearningRate = 0.02, BatchSize = 3, MaxSteps = 10, Schedule = "cosine", WarmupSteps = 1, WeightDecay = 0.01 }, 11);

    private TrainingMember Ia3Member() => new("ia3", TinyTraining.Ia3(_decoder), TinyTraining.Rows(23, 4),
        new TrainingSpec { LearningRate = 0.03, BatchSize = 4, GradientAccumulation = 2, MaxSteps = 10, Clip = 0.5 }, 12);

    private IReadOnlyList<MemberResult> Train(CoTrainerOptions options, params TrainingMember[] members)
    {
        using var trainer = new CoTrainer(_decoder, members, options);
        return trainer.Run();
    }

    private static void Close(Adapter a, Adapter b)
        => Assert.All(TinyTraining.Values(a).Zip(TinyTraining.Values(b)), pair => Assert.Equal(pair.First, pair.Second, 2e-5));
}
