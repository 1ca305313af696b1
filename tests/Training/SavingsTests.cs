using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Tests;

/// <summary>What a step does not compute twice, or not at all, changes neither its losses nor its gradients.</summary>
public sealed class SavingsTests : IDisposable
{
    private readonly Decoder _decoder = TinyTraining.Decoder();

    public static TheoryData<string> Packs => ["lora", "lora everywhere", "ia3", "lora with dropout", "adapters with dropout", "dora with dropout", "adalora with dropout", "vera with dropout", "prefix", "prompt", "adapters", "norms", "dora", "p-tuning", "all of them"];

    [Theory]
    [MemberData(nameof(Packs))]
    public void Step_WithEverySaving_LossesAndGradientsOfWholeRows(string pack)
    {
        var plain = Step(Members(pack), new CoTrainerOptions { WholeRows = true });
        var saving = Step(Members(pack), new CoTrainerOptions());
        Same(plain, saving);
    }

    [Theory]
    [MemberData(nameof(Packs))]
    public void Step_OverSeveralBatches_LossesAndGradientsOfWholeRows(string pack)
    {
        var plain = Step(Members(pack), new CoTrainerOptions { WholeRows = true });
        var saving = Step(Members(pack), new CoTrainerOptions { TokenBudget = 90 });
        // The batches' gradients are added up in another order than a whole step's: MKL's AVX2 kernels are 1.07e-6 apart.
        Same(plain, saving, 2e-6);
    }

    [Fact]
    public void Step_BaseParameters_LossesAndGradientsOfWholeRows()
    {
        (double, float[][]) Run(CoTrainerOptions options)
        {
            using var decoder = TinyTraining.Decoder();
            return Step([new TrainingMember("full", new BaseParameters(decoder), Rows(1), Settings(6), 4)], options, decoder)[0];
        }
        Same([Run(new CoTrainerOptions { WholeRows = true })], [Run(new CoTrainerOptions())]);
    }

    [Fact]
    public void Run_HeldOutRows_SameLossAsOfWholeRows()
    {
        double Loss(CoTrainerOptions options)
        {
            using var trainer = new CoTrainer(_decoder, [Member("a", TinyTraining.Lora(_decoder), 1) with { Validation = Rows(9) }], options);
            return trainer.Run()[0].Evaluations[0].Loss;
        }
        var plain = Loss(new CoTrainerOptions { WholeRows = true });
        Assert.Equal(plain, Loss(new CoTrainerOptions()), 1e-6 * plain);
    }

    [Fact]
    public void Cut_RowsOfTwoTemplates_EachBeginningOncePerMember()
    {
        var batch = PackedBatch.Cut([Next(Member("a", TinyTraining.Lora(_decoder), 1), 0), Next(Member("b", TinyTraining.Ia3(_decoder), 1), 1)], new CoTrainerOptions(), _decoder.Config).Single();
        Assert.Equal([(0, 12), (0, 20), (1, 12), (1, 20)], batch.Layout.Segments.Where((_, i) => batch.Layout.Segments.Any(s => s.Continues == i)).Select(s => (s.Member, s.Length)).OrderBy(s => s));
        Assert.Equal(2 * 6, batch.Layout.Segments.Count(s => s.Continues >= 0));
        Assert.Equal(2 * (Rows(1).Sum(row => row.Ids.Length) - 2 * 12 - 2 * 20), batch.Ids.Length);
        Assert.Equal(batch.Positions.Order(), batch.Positions);
    }

    /// <summary>Beginnings have one mask for all rows of a step that have them, what follows one of the row's own, and another step others.</summary>
    [Fact]
    public void Cut_MemberWithDropout_KeysByBeginningAndRow()
    {
        var state = new MemberState(Member("a", TinyTraining.Lora(_decoder, 0.1), 1), 0);
        var rows = state.NextStep().Rows;
        Assert.Equal(rows[0].Keys[..12].ToArray(), rows[2].Keys[..12].ToArray());
        Assert.DoesNotContain(rows.SelectMany(row => row.Keys[row.Example.FirstPrediction..].ToArray()).GroupBy(key => key), same => same.Count() > 1);
        Assert.Empty(rows[0].Keys[..12].ToArray().Intersect(rows[1].Keys[..12].ToArray()));

        var batch = PackedBatch.Cut([new MemberStep(state, rows)], new CoTrainerOptions(), _decoder.Config).Single();
        Assert.Contains(batch.Layout.Segments, segment => segment.Continues >= 0);
        Assert.All(batch.Layout.Segments, segment => Assert.Equal(segment.Length, segment.Keys.Length));
        state.Step++;
        Assert.Empty(state.NextStep().Rows.SelectMany(row => row.Keys.ToArray()).Intersect(rows.SelectMany(row => row.Keys.ToArray())));
    }

    [Fact]
    public void Cut_EqualRowsWithDropout_DropOtherwiseFromTheirFirstPredictionOn()
    {
        var row = new Example([3, 4, 5, 6, 7], [Example.Ignored, Example.Ignored, Example.Ignored, 6, 7]);
        ulong[] one = TokenKeys.Of(row, 9, 0), other = TokenKeys.Of(row, 9, 1);
        Assert.Equal([true, true, false, false, false], one.Zip(other, (a, b) => a == b));
    }

    [Fact]
    public void Cut_AnglesThatDependOnTheLength_NothingSharedBeyondTheTrainedLength()
    {
        DecoderConfig Trained(int length) => _decoder.Config with { Rotary = new RotarySettings { Scaling = RotaryScaling.Dynamic, Factor = 2, OriginalMaxPositions = length } };
        var member = Member("a", TinyTraining.Lora(_decoder), 1);
        Assert.DoesNotContain(Cut(member, Trained(10)).Layout.Segments, segment => segment.Continues >= 0);
        Assert.Contains(Cut(member, Trained(100)).Layout.Segments, segment => segment.Continues >= 0);
    }

    [Theory]
    [InlineData("abcdefghij1;abcdefghij2;abcdefghik3;zzzzzzzzzzz", "0,1,2:9;3:0")]   // one letter more for two rows saves less than nine for the third
    [InlineData("zzzzzzzzzzzzzzz1;abcdefgh1;zzzzzzzzzzzzzzz2;abcdefgh2", "0,2:15;1,3:8")]
    [InlineData("abcdefg1;abcdefg2", "0:0;1:0")]   // too short a beginning
    [InlineData("abcdefghij", "0:0")]
    [InlineData("abcdefghijkl;abcdefghijkl", "0,1:11")]   // equal rows keep their last token each
    public void Find_Rows_GroupsThatSaveMost(string rows, string expected)
    {
        int[][] ids = [.. rows.Split(';').Select(row => row.Select(letter => (int)letter).ToArray())];
        var groups = SharedBeginnings.Find(ids, Array.ConvertAll(ids, row => row.Length - 1));
        Assert.Equal(expected, string.Join(';', groups.Select(group => $"{string.Join(',', group.Rows)}:{group.Shared}")));
    }

    public void Dispose() => _decoder.Dispose();

    private PackedBatch Cut(TrainingMember member, DecoderConfig model) => PackedBatch.Cut([Next(member, 0)], new CoTrainerOptions(), model).Single();

    private static MemberStep Next(TrainingMember member, int index) => new MemberState(member, index).NextStep();

    private TrainingMember[] Members(string pack) => pack switch
    {
        "lora" => [Member("a", TinyTraining.DrawnLora(_decoder, everywhere: false), 1)],
        "lora everywhere" => [Member("a", TinyTraining.DrawnLora(_decoder, everywhere: true), 1)],
        "ia3" => [Member("a", TinyTraining.Ia3(_decoder), 1)],
        "prefix" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}"""), 1)],
        "prompt" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3}"""), 1)],
        "adapters" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "BOTTLENECK", "bottleneck_size": 4}"""), 1)],
        "norms" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "LN_TUNING"}"""), 1)],
        "dora" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "LORA", "r": 4, "use_dora": true, "init_lora_weights": false, "target_modules": "all-linear"}"""), 1)],
        "p-tuning" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 16}"""), 1)],
        "adapters with dropout" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "BOTTLENECK", "bottleneck_size": 4, "adapter_dropout": 0.3}"""), 1)],
        "dora with dropout" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "LORA", "r": 4, "use_dora": true, "lora_dropout": 0.3, "init_lora_weights": false, "target_modules": "all-linear"}"""), 1)],
        "adalora with dropout" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "ADALORA", "init_r": 4, "total_step": 10, "lora_dropout": 0.3}"""), 1)],
        "vera with dropout" => [Member("a", TinyTraining.Read(_decoder, """{"peft_type": "VERA", "r": 4, "vera_dropout": 0.3, "init_weights": false}"""), 1)],
        "lora with dropout" => [Member("a", TinyTraining.DrawnLora(_decoder, everywhere: true, 0.3), 1)],
        _ => [.. Members("lora everywhere"), .. Members("prefix").Select(member => member with { Name = "e" }), .. Members("prompt").Select(member => member with { Name = "f" }), Member("b", TinyTraining.Ia3(_decoder), 1), Member("c", TinyTraining.DrawnLora(_decoder, everywhere: true, 0.3), 2), Member("d", TinyTraining.DrawnLora(_decoder, everywhere: false), 3)],
    };

    private static TrainingMember Member(string name, Adapter adapter, int rows) => new(name, adapter, Rows(rows), Settings(6), 4) { Order = RowOrder.Sequential };

    private static TrainingSpec Settings(int batch) => new() { LearningRate = 3e-4, BatchSize = batch, MaxSteps = 1 };

    // Six rows of two templates, their ends random; the last token of one and some in the middle of another carry no loss.
    private static List<Example> Rows(int seed)
    {
        var random = new Random(seed);
        int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(3, TinyTraining.Vocabulary))];
        int[][] templates = [Tokens(12), Tokens(20)];
        var rows = new List<Example>();
        for (var i = 0; i < 6; i++)
        {
            int[] ids = [.. templates[i % 2], .. Tokens(4), .. Tokens(3 + i)];
            int[] labels = [.. ids.Select((id, t) => t < templates[i % 2].Length + 4 ? Example.Ignored : id)];
            if (i == 4) labels[^1] = labels[^3] = Example.Ignored;
            rows.Add(new Example(ids, labels));
        }
        return rows;
    }

    private (double Loss, float[][] Gradients)[] Step(TrainingMember[] members, CoTrainerOptions options, Decoder? decoder = null)
    {
        using var trainer = new CoTrainer(decoder ?? _decoder, members, options);
        var results = trainer.Run();
        return [.. results.Zip(members, (result, member) => (result.Losses[0], member.Adapter.Parameters.Select(p => p.Value.grad!.ToArray<float>()).ToArray()))];
    }

    private static void Same((double Loss, float[][] Gradients)[] expected, (double Loss, float[][] Gradients)[] actual, double? allowed = null)
    {
        // A GPU adds up in other orders for other shapes.
        var tolerance = allowed ?? (TestDevice.Chosen is null ? 1e-6 : 5e-6);
        foreach (var (want, have) in expected.Zip(actual))
        {
            Assert.Equal(want.Loss, have.Loss, tolerance * want.Loss);
            foreach (var (a, b) in want.Gradients.Zip(have.Gradients))
            {
                var scale = a.Max(Math.Abs);
                Assert.True(scale > 0, "the step should have a gradient of every parameter");
                Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, tolerance * scale));
            }
        }
    }
}
