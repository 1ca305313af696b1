using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Tests.Specs;

/// <summary>Numbers that follow from settings: steps, warm-up, rates, the cells of the grid, the streams of random numbers.</summary>
public sealed class SettingTests
{
    [Fact]
    public void TotalSteps_RowsThatFillNoBatch_CountAsOne()
    {
        var training = new TrainingSpec { BatchSize = 16, Epochs = 1.5 };
        Assert.Equal((1, 1, 2), (training.StepsPerEpoch(1), training.StepsPerEpoch(16), training.StepsPerEpoch(17)));
        Assert.Equal(3, training.TotalSteps(17));
        Assert.Equal(7, (training with { MaxSteps = 7 }).TotalSteps(17));
    }

    [Fact]
    public void WarmupOf_RatioStepsAndConstant_RoundsUp()
    {
        Assert.Equal(3, new TrainingSpec { WarmupRatio = 0.1 }.WarmupOf(21));
        Assert.Equal(5, new TrainingSpec { WarmupRatio = 0.1, WarmupSteps = 5 }.WarmupOf(21));
        Assert.Equal(0, new TrainingSpec { Schedule = "constant", WarmupRatio = 0.1 }.WarmupOf(21));
        Assert.Equal(0, new TrainingSpec().WarmupOf(21));
    }

    [Fact]
    public void LearningRate_MethodsOwn_GoesBeforeTheSharedOne()
    {
        var method = new MethodSpec { Name = "m", Method = "lora" };
        Assert.Equal(1e-5, MethodCatalogue.LearningRate(method with { LearningRate = 1e-5 }, new TrainingSpec { LearningRate = 1e-3 }).Rate);
        Assert.Equal(1e-3, MethodCatalogue.LearningRate(method, new TrainingSpec { LearningRate = 1e-3 }).Rate);
        Assert.Equal(MethodCatalogue.Get("lora").DefaultLearningRate, MethodCatalogue.LearningRate(method, new TrainingSpec()).Rate);
        Assert.NotEqual(MethodCatalogue.Get("lora").DefaultLearningRate, MethodCatalogue.LearningRate(method with { Method = "ia3" }, new TrainingSpec()).Rate);
    }

    /// <summary>A prompt in another language is another template; without one an adapter is asked through its own, and a base through the mix's.</summary>
    [Theory]
    [InlineData(null, null, "goat", null)]
    [InlineData("zh", null, "alpaca", "alpaca-zh")]
    [InlineData("en", null, "alpaca-zh", "alpaca")]
    [InlineData(null, "alpaca", null, "alpaca")]
    [InlineData("zh", "alpaca-newline", null, "alpaca-zh-newline")]
    public void AskedThrough_Language_IsThatLanguagesForm(string? language, string? untuned, string? trained, string? expected)
    {
        var data = trained is null ? null : new DataSpec { Name = "d", Sources = [], Template = trained };
        Assert.Equal(expected, new SweepSpec { Name = "s" }.AskedThrough(new CotSpec { Name = "c", Language = language }, data, untuned));
    }

    [Fact]
    public void Of_TemplateLanguageAndLoad_OwnBeforeTheSweeps()
    {
        var spec = new SweepSpec { Name = "s", Template = "alpaca", Language = "en", Training = new TrainingSpec { Precision = "fp32" } };
        var data = new DataSpec { Name = "d", Sources = [] };
        Assert.Equal(("alpaca", "en"), (spec.TemplateOf(data), spec.LanguageOf(data)));
        Assert.Equal(("goat", "zh"), (spec.TemplateOf(data with { Template = "goat" }), spec.LanguageOf(data with { Language = "zh" })));
        Assert.Equal("fp32", spec.LoadOf(new ModelSpec { Name = "m" }));
        Assert.Equal("bf16", spec.LoadOf(new ModelSpec { Name = "m", Load = "bf16" }));
    }

    [Fact]
    public void Cells_ExcludeWhenAndInclude_PruneAndAdd()
    {
        var cells = GridCells.Of(SweepDocument.ParseValid("""
            name: grid
            seeds: [0, 1]
            models: [{ name: a, path: m/a }, { name: b, path: m/b }]
            peft: [{ name: l, method: lora }, { name: i, method: ia3, when: { model: a } }]
            data: alpaca
            exclude: [{ model: b, seed: "1" }, { model: a, peft: i }]
            include: [{ model: a, peft: i, seed: "1" }]
            """)).Select(c => $"{c.Model.Name} {c.Method.Name} {c.Seed}");
        Assert.Equal(["a l 0", "a l 1", "a i 1", "b l 0"], cells);
    }

    [Fact]
    public void SplitMix64_KnownSeed_GivesTheReferencesNumbers()
    {
        // Vigna's splitmix64.c with the state 1234567.
        var state = 1234567UL;
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423], new[] { SplitMix64.Next(ref state), SplitMix64.Next(ref state), SplitMix64.Next(ref state) });
        Assert.NotEqual(SplitMix64.Key(1, 2), SplitMix64.Key(2, 1));
        Assert.InRange(SplitMix64.ToUnit(ulong.MaxValue), 0.999999, 0.99999999999999999);
    }

    [Fact]
    public void For_SeedPurposeOrIndex_EachGivesAnotherStream()
    {
        ulong[] first = [SeededRandom.For(1, "a").NextUInt64(), SeededRandom.For(2, "a").NextUInt64(), SeededRandom.For(1, "b").NextUInt64(), SeededRandom.For(1, "a", 1).NextUInt64()];
        Assert.Equal(first.Length, first.Distinct().Count());
        Assert.Equal(first[0], SeededRandom.For(1, "a").NextUInt64());
        var random = SeededRandom.For(3, "bounds");
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 200).Select(_ => random.Next(3)).Distinct().Order());
        Assert.Equal([5, 6, 7], Enumerable.Range(0, 200).Select(_ => (int)random.Next(new System.Numerics.BigInteger(5), 7)).Distinct().Order());
        var long30 = System.Numerics.BigInteger.Pow(10, 30);
        Assert.Equal([-long30, 1 - long30, 2 - long30], Enumerable.Range(0, 200).Select(_ => random.Next(-long30, 2 - long30)).Distinct().Order());
        Assert.Equal(long30, random.Next(long30, long30));
    }

    [Fact]
    public void Shuffle_ThreeItems_EveryOrderComesAboutAsOften()
    {
        var counts = new Dictionary<string, int>();
        var random = SeededRandom.For(3, "orders");
        for (var i = 0; i < 6000; i++)
        {
            char[] items = ['a', 'b', 'c'];
            random.Shuffle<char>(items);
            var order = new string(items);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150));
    }

    [Theory]
    [InlineData("training: { warmup_ratio: 1.01 }", "at most 1")]
    [InlineData("training: { batch_size: 0 }", "from 1")]
    [InlineData("training: { epochs: 0 }", "above 0")]
    [InlineData("training: { cutoff_length: 512 }", "unknown key")]
    [InlineData("training: { warmup_ratio: 0.1, warmup_steps: 3 }", "exclude each other")]
    [InlineData("training: { optimizer: adamq }", "not known")]
    [InlineData("training: { optimizer: sgd, optimizer_arguments: { moment: 0.9 } }", "has no moment")]
    [InlineData("training: { optimizer: sgd, optimizer_arguments: { momentum: 2 } }", "at most")]
    [InlineData("training: { optimizer: sgd, optimizer_arguments: { nesterov: true } }", "needs a momentum")]
    [InlineData("training: { optimizer: lion, adam_beta1: 0.8 }", "is no Adam")]
    [InlineData("training: { optimizer: adafactor, optimizer_arguments: { relative_step: true }, schedule: cosine }", "follows no schedule")]
    [InlineData("training: { optimizer: adafactor, optimizer_arguments: { relative_step: true }, learning_rate: 0.1 }", "rate of its own")]
    [InlineData("training: { optimizer: adafactor, optimizer_arguments: { warmup_init: true } }", "needs relative_step")]
    [InlineData("training: { schedule: cosine_with_min_lr }", "needs min_lr or min_lr_rate")]
    [InlineData("training: { schedule: warmup_stable_decay, schedule_arguments: { decay_type: round } }", "not known")]
    [InlineData("seeds: [1, 1]", "twice")]
    public void Parse_SettingOutOfBounds_IsTheOnlyError(string line, string message)
        => Assert.Contains(message, SweepFiles.OnlyErrorOf(SweepFiles.Smallest + "\n" + line).Message, StringComparison.Ordinal);
}
