using AlpacaCot.Experiments.Planning;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;

namespace AlpacaCot.Tests.Experiments;

/// <summary>What a sweep takes, worked out by hand for a base of one block with one projection.</summary>
public sealed class RunPlannerTests
{
    private const string Yaml = """
        name: s
        seeds: [0, 1]
        models: [{ name: m, path: m, load: fp32 }]
        peft: [{ name: lora, method: lora, r: 4, targets: [q_proj] }]
        data: [{ name: d, sources: [x] }]
        cot: [none, "Think."]
        training: { epochs: 2, batch_size: 8, precision: fp32 }
        evaluation: [{ name: e, suite: exact-match }]
        """;

    private static readonly SpecFacts Facts = new()
    {
        Models = [new ModelFacts { Name = "m", Parameters = 1000, Layers = 1, VocabularySize = 50, Projections = [new("layers.0.q_proj", 10, 20)] }],
        Mixes = [new MixFacts { Model = "m", Data = "d", Kept = 100, Examples = 100, Tokens = 5000, SupervisedTokens = 1000 }],
        Suites = [new SuiteFacts { Name = "e", Items = 10, Asked = [new AskedFacts("m", 300, 200)] }],
        Machine = new MachineFacts("here", 7000, new Dictionary<string, MachineSpeed> { ["fp32"] = new(1, 0.01, 0.001, 2, 0.0001, 5) }),
    };

    private static RunPlan Plan(SpecFacts facts, string yaml = Yaml, int slots = 1)
    {
        var spec = SweepDocument.ParseValid(yaml);
        return RunPlanner.Of(spec, spec.Expand(), facts, PlanLimits.For(slots, processors: 4));
    }

    [Fact]
    public void Of_SeveralSlots_TellsHowLongTheyTakeTogether()
    {
        var (one, two) = (Plan(Facts), Plan(Facts, slots: 2));
        Assert.Equal((1, 2), (one.Slots, two.Slots));
        Assert.Equal(one.TrainingSeconds!.Value + one.EvaluationSeconds!.Value, one.WallSeconds!.Value, 6);
        // Each slot has a training of its own, which shares its passes with none, two ways of asking it, and one of the base's two.
        Assert.Equal(26 * (1 + 400 * 0.01 + (400 * 200 + 80 * 500) * 0.001) + 3 * two.Trials[0].EvaluationSeconds!.Value, two.WallSeconds!.Value, 6);
        Assert.Null(Plan(Facts with { Machine = null }, slots: 2).WallSeconds);
        // More slots than work: the longest of it decides.
        Assert.True(Plan(Facts, slots: 16).WallSeconds < two.WallSeconds);
    }

    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(3, 8, 2)]
    [InlineData(16, 8, 1)]
    [InlineData(0, 8, 8)]
    public void Limits_OfSlots_ShareTheProcessors(int slots, int processors, int threads)
        => Assert.Equal((Math.Max(1, slots), threads), (PlanLimits.For(slots, processors).Slots, PlanLimits.For(slots, processors).Threads));

    [Fact]
    public void Of_KnownSweep_HasStepsTokensTimeMemoryAndDisk()
    {
        var plan = Plan(Facts);
        Assert.Equal(["m+lora+d+none+s0", "m+lora+d+cue+s0", "m+lora+d+none+s1", "m+lora+d+cue+s1", "m+base+none", "m+base+cue"], plan.Trials.Select(t => t.Trial).OrderBy(name => name.Contains("base", StringComparison.Ordinal)).ThenBy(name => name[^1]).ThenBy(name => name.Contains("cue", StringComparison.Ordinal)));
        var tuned = plan.Trials[0];
        // Two passes of ceil(100 / 8) steps, each of 8 rows of 50 tokens.
        Assert.Equal((26L, 26L * 400), (tuned.Steps, tuned.Tokens));
        Assert.Equal((52L, 52L * 400), (plan.Steps, plan.Tokens));
        // A step: half a pass of one block (two members share it), 400 tokens in it, 400 tokens through 200 weights and 80 through the head's 500.
        Assert.Equal(26 * (0.5 + 400 * 0.01 + (400 * 200 + 80 * 500) * 0.001), tuned.TrainingSeconds!.Value, 6);
        Assert.Equal(2 * tuned.TrainingSeconds.Value, plan.TrainingSeconds!.Value, 6);
        // 300 tokens read, half as dear as trained on; 200 written, five sequences at a time.
        Assert.Equal(300 * (0.01 + 200 * 0.001) / 2 + 200 / 5 * 2 + 200 * 700 * 0.0001, tuned.EvaluationSeconds!.Value, 6);
        Assert.Equal(6 * tuned.EvaluationSeconds.Value, plan.EvaluationSeconds!.Value, 6);
        // Base, two members of 4 · (10 + 20) trained numbers, 800 tokens of a pass with 30 kept numbers, 160 rows of logits twice.
        Assert.Equal(7000 + 1000 * 4 + 2 * 120 * 16 + 800 * 30 * 4 + 160 * 50 * 4 * 2, tuned.MemoryBytes);
        Assert.Equal(tuned.MemoryBytes, plan.MemoryBytes);
        Assert.Equal(2 * 120 * 12 * 4, plan.CheckpointBytes);
        // The first trial of a training has its adapter as well.
        Assert.Equal(2 * 120 * 4, plan.Trials[0].DiskBytes - plan.Trials.First(t => t.Trial == "m+lora+d+cue+s0").DiskBytes);
        Assert.Equal(plan.Trials.Sum(t => t.DiskBytes), plan.DiskBytes);
    }

    [Fact]
    public void Of_UntunedBase_TakesNoTraining()
    {
        var untuned = Plan(Facts).Trials[^1];
        Assert.Equal((null, 0L, 0L, null), (untuned.Training, untuned.Steps, untuned.Tokens, untuned.TrainingSeconds));
        Assert.Equal((7000L + 4000, Plan(Facts).Trials[0].EvaluationSeconds), (untuned.MemoryBytes!.Value, untuned.EvaluationSeconds));
    }

    [Fact]
    public void Of_WhatIsNotKnown_IsLeftOpen()
    {
        var nothing = Plan(new SpecFacts());
        Assert.Equal((null, null, null), (nothing.TrainingSeconds, nothing.EvaluationSeconds, nothing.MemoryBytes));
        Assert.All(nothing.Trials, t => Assert.Equal((0L, 0L), (t.Steps, t.Tokens)));
        var unmeasured = Plan(Facts with { Machine = null });
        Assert.Equal((52L, null, null), (unmeasured.Steps, unmeasured.TrainingSeconds, unmeasured.EvaluationSeconds));
        Assert.NotNull(unmeasured.MemoryBytes);
        Assert.Null(Plan(Facts with { Suites = [] }).EvaluationSeconds);
        Assert.Equal(9, Plan(new SpecFacts(), Yaml.Replace("epochs: 2", "max_steps: 9", StringComparison.Ordinal)).Trials[0].Steps);
    }

    /// <summary>The base is held once, in fp32 whatever the sweep's precision; what is saved is the whole model.</summary>
    [Theory]
    [InlineData("{ name: lora, method: full }", "fp32", 1000)]
    [InlineData("{ name: lora, method: full }", "bf16", 1000)]
    [InlineData("{ name: lora, method: freeze, trainable_layers: 1 }", "fp32", 10 * 20 + 30)]
    public void Of_MethodThatTrainsTheBase_CountsItsWeightsOnce(string method, string load, long trained)
    {
        var facts = Facts with
        {
            Models = [Facts.Models[0] with { Tensors = [new("embed.weight", 500), new("layers.0.norm.weight", 30)] }],
            Machine = Facts.Machine! with { Speeds = new Dictionary<string, MachineSpeed> { [load] = Facts.Machine.Speeds["fp32"] } },
        };
        var plan = Plan(facts, Yaml.Replace("{ name: lora, method: lora, r: 4, targets: [q_proj] }", method, StringComparison.Ordinal).Replace("load: fp32", $"load: {load}", StringComparison.Ordinal));
        var tuned = plan.Trials[0];
        Assert.Equal(7000 + 1000 * 4 + trained * 12 + 400 * 30 * 4 + 80 * 50 * 4 * 2, tuned.MemoryBytes);
        // The gradient of a trained weight is half as dear again as what a frozen one takes.
        Assert.Equal(26 * (1 + 400 * 0.01 + (400 * (200 + trained * 0.5) + 80 * 500) * 0.001), tuned.TrainingSeconds!.Value, 6);
        Assert.Equal(trained * 12 * 4, plan.CheckpointBytes);
        Assert.Equal(2 * 1000 * 4, plan.Trials[0].DiskBytes - plan.Trials.First(t => t.Trial == "m+lora+d+cue+s0").DiskBytes);
    }

    [Theory]
    [InlineData("load: fp32", "load: bf16", 2000)]
    [InlineData("r: 4", "r: 8", -2 * 120 * 16)]
    public void Of_LoadAndRank_ChangeTheMemory(string from, string to, long less)
        => Assert.Equal(less, Plan(Facts).Trials[0].MemoryBytes - Plan(Facts, Yaml.Replace(from, to, StringComparison.Ordinal)).Trials[0].MemoryBytes);
}
