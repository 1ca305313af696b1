using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Training.Optimisers;

namespace AlpacaCot.Training.Tests;

/// <summary>Schedules, plans, clipping, decay and the loss on numbers that can be followed by hand, without golden files.</summary>
public sealed class TrainingArithmeticTests : IDisposable
{
    private readonly Decoder _decoder = TinyTraining.Decoder();

    public void Dispose() => _decoder.Dispose();

    private static double[] Rates(string schedule, params int[] steps)
        => [.. steps.Select(step => Math.Round(Schedules.LearningRate(new TrainingSpec { LearningRate = 0.4, Schedule = schedule }, step, 2, 10), 12))];

    [Fact]
    public void LearningRate_WarmUpThenDown_ByHand()
    {
        Assert.Equal([0, 0.2, 0.4, 0.2, 0], Rates("linear", 0, 1, 2, 6, 10));
        Assert.Equal([0, 0.2, 0.4, 0.2, 0], Rates("cosine", 0, 1, 2, 6, 10));
        Assert.Equal([0, 0.2, 0.4, 0.4, 0.4], Rates("constant_with_warmup", 0, 1, 2, 6, 10));
        Assert.Equal([0.4, 0.4, 0.4], Rates("constant", 0, 1, 10));
    }

    [Fact]
    public void Plan_SevenRowsByThree_LastStepOfAnEpochTakesTheRest()
    {
        var plan = new StepPlan(7, new TrainingSpec { BatchSize = 3, Epochs = 2, WarmupRatio = 0.25 });
        Assert.Equal((3, 6, 2), (plan.StepsPerEpoch, plan.TotalSteps, plan.WarmupSteps));
        Assert.Equal([(0, 0, 3), (0, 3, 3), (0, 6, 1), (1, 0, 3)], Enumerable.Range(0, 4).Select(plan.At));
    }

    [Fact]
    public void Clipping_NormAboveTheLimit_IsBroughtDownToIt()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(5, GradientClipping.Norm([torch.tensor(new float[] { 3, 0 }), torch.tensor(new float[] { 0, 4 })]), 1e-6);
        Assert.Equal(0.2, GradientClipping.Coefficient(5, 1), 1e-6);
        Assert.Equal(1, GradientClipping.Coefficient(0.5, 1));
    }

    [Fact]
    public void Run_LimitFarBelowEpsilon_HardlyMovesAnything()
    {
        // AdamW divides by the gradient's own size, so that a limit shows only where it brings the gradient below AdamW's epsilon.
        double Moved(double clip)
        {
            using var adapter = TinyTraining.Lora(_decoder);
            var before = TinyTraining.Values(adapter);
            using var trainer = new CoTrainer(_decoder, [new TrainingMember("m", adapter, TinyTraining.Rows(4, 1), new TrainingSpec { LearningRate = 0.1, MaxSteps = 1, Schedule = "constant", Clip = clip }, 1)]);
            trainer.Run();
            return before.Zip(TinyTraining.Values(adapter), (a, b) => (double)Math.Abs(a - b)).Max();
        }
        Assert.InRange(Moved(0), 0.05, 0.2);
        Assert.InRange(Moved(1e-12), 0, 1e-4);
    }

    [Fact]
    public void Step_ParametersThatAreNotDecayed_StayWithoutAGradient()
    {
        using var scope = torch.NewDisposeScope();
        var (decayed, kept) = (torch.ones(4), torch.ones(4));
        using var optimiser = new AdamW([new AdapterParameter("a", decayed), new AdapterParameter("b", kept) { Decays = false }], new TrainingSpec { WeightDecay = 0.5 });
        optimiser.Step(0.1);
        Assert.All(decayed.ToArray<float>(), value => Assert.Equal(0.95, value, 1e-6));
        Assert.All(kept.ToArray<float>(), value => Assert.Equal(1, value));
    }

    [Fact]
    public void Differentiate_OnAndOffTheProcessorsKernel_SameLossesAndWeightedGradients()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        var values = torch.randn([3, 7], generator: generator);
        var (dense, strided) = (values.clone().requires_grad_(), values.t().contiguous().t().requires_grad_());
        var (ids, weights) = (new[] { 2, 0, 6 }, new[] { 0.5f, 2f, 0.25f });
        var (first, second) = (SupervisedLoss.Differentiate(dense, ids, weights), SupervisedLoss.Differentiate(strided, ids, weights));
        Assert.True(dense.is_contiguous() && !strided.is_contiguous());
        for (var i = 0; i < 3; i++) Assert.Equal(first[i], second[i], 1e-5);
        var probabilities = values.softmax(-1).ToArray<float>();
        foreach (var gradient in new[] { dense.grad!.ToArray<float>(), strided.grad!.ToArray<float>() })
            for (var i = 0; i < gradient.Length; i++) Assert.Equal(weights[i / 7] * (probabilities[i] - (i % 7 == ids[i / 7] ? 1 : 0)), gradient[i], 1e-5);
    }

    [Fact]
    public void Run_OneRow_LossIsTheMeanOverWhatIsSupervisedAlone()
    {
        int[] ids = [5, 9, 20, 33, 2];
        // The token before a label predicts it; the end of the text is learnt like any other.
        double[] of = LogProbabilities(ids);
        Assert.Equal(-(of[2] + of[3]) / 2, Loss(new Example(ids, [-100, -100, -100, 33, 2])), 1e-4);
        Assert.Equal(-of[0], Loss(new Example(ids, [-100, 9, -100, -100, -100])), 1e-4);
        Assert.Equal(-of[3], Loss(new Example(ids, [-100, -100, -100, -100, 2])), 1e-4);
    }

    [Fact]
    public void Run_HeldOutRows_AreMeasuredWithoutDropout()
    {
        double Held(double dropout)
        {
            using var adapter = TinyTraining.Lora(_decoder, dropout);
            using (torch.no_grad())
                foreach (var parameter in adapter.Parameters) parameter.Value.fill_(0.3);
            var member = new TrainingMember("m", adapter, TinyTraining.Rows(4, 1), new TrainingSpec { LearningRate = 0, MaxSteps = 1, BatchSize = 4 }, 1) { Validation = TinyTraining.Rows(3, 2) };
            using var trainer = new CoTrainer(_decoder, [member]);
            var result = trainer.Run()[0];
            return Assert.Single(result.Evaluations).Loss;
        }
        Assert.Equal(Held(0), Held(0.5), 1e-6);
    }

    [Fact]
    public void Run_OtherSeed_OtherOrderOfRows()
    {
        double[] Losses(ulong seed)
        {
            using var adapter = TinyTraining.Lora(_decoder);
            using var trainer = new CoTrainer(_decoder, [new TrainingMember("m", adapter, TinyTraining.Rows(12, 1), new TrainingSpec { LearningRate = 0.01, BatchSize = 2, Epochs = 2 }, seed)]);
            return [.. trainer.Run()[0].Losses];
        }
        Assert.Equal(Losses(1), Losses(1));
        Assert.NotEqual(Losses(1), Losses(2));
    }

    [Fact]
    public void Restore_RowsThatDifferInLabelsAlone_Refused()
    {
        using var folder = new TemporaryFolder();
        var rows = TinyTraining.Rows(4, 1);
        void Train(List<Example> on)
        {
            using var adapter = TinyTraining.Lora(_decoder);
            using var trainer = new CoTrainer(_decoder, [new TrainingMember("m", adapter, on, new TrainingSpec { LearningRate = 0.01, BatchSize = 2, MaxSteps = 2 }, 1)],
                new CoTrainerOptions { Checkpoints = new CheckpointPolicy(folder.Path, EverySteps: 1) });
            trainer.Run();
        }
        Train(rows);
        Train(rows);
        var labels = (int[])rows[0].Labels.Clone();
        labels[Array.FindLastIndex(labels, label => label != Example.Ignored) - 1] = Example.Ignored;
        Assert.Contains("other settings, data", Assert.Throws<TrainingException>(() => Train([rows[0] with { Labels = labels }, .. rows.Skip(1)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_TokenEqualToTheVocabularysSize_IsRefused()
    {
        using var adapter = TinyTraining.Lora(_decoder);
        void Create(int id) => new CoTrainer(_decoder, [new TrainingMember("m", adapter, [new Example([5, id], [-100, id])], new TrainingSpec { LearningRate = 0.01 }, 1)]).Dispose();
        Create(TinyTraining.Vocabulary - 1);
        Assert.Contains("61", Assert.Throws<TrainingException>(() => Create(TinyTraining.Vocabulary)).Message, StringComparison.Ordinal);
    }

    private double Loss(Example row)
    {
        using var adapter = TinyTraining.Lora(_decoder);
        using var trainer = new CoTrainer(_decoder, [new TrainingMember("m", adapter, [row], new TrainingSpec { LearningRate = 0, MaxSteps = 1 }, 1)]);
        return trainer.Run()[0].Losses[0];
    }

    /// <summary>For each token but the last, the log-probability of the next.</summary>
    private double[] LogProbabilities(int[] ids)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var layout = SegmentLayout.Single(ids.Length);
        var logits = _decoder.Logits(_decoder.Hidden(torch.tensor(Array.ConvertAll(ids, id => (long)id)), layout), layout).log_softmax(-1);
        return [.. Enumerable.Range(0, ids.Length - 1).Select(t => (double)logits[t, ids[t + 1]].item<float>())];
    }

    [Fact]
    public void Rate_OwnRateAndFactor_FollowTheSchedule()
    {
        using var scope = torch.NewDisposeScope();
        Tensor Leaf() => torch.zeros(1).requires_grad_();
        var (plain, faster, own) = (new AdapterParameter("a", Leaf()), new AdapterParameter("b", Leaf()) { RateFactor = 4 }, new AdapterParameter("c", Leaf()) { OwnRate = 0.5 });
        using var optimiser = Optimiser.Create([plain, faster, own], new TrainingSpec { LearningRate = 0.2, Optimizer = "sgd" });
        foreach (var parameter in (AdapterParameter[])[plain, faster, own]) parameter.Value.grad = torch.ones(1);
        optimiser.Step(0.1);   // half of the peak
        Assert.Equal([-0.1f, -0.4f, -0.25f], new[] { plain, faster, own }.Select(parameter => parameter.Value.item<float>()), (a, b) => Math.Abs(a - b) < 1e-7);
    }
}
