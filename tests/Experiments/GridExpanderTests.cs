using AlpacaCot.Experiments.Expansion;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Tests.Experiments;

public sealed class GridExpanderTests
{
    [Fact]
    public void Expand_Example_IsTheProductWithStableNames()
    {
        var grid = Specs.ExampleSpec.Expand();

        // Each base is asked untuned too, under both cues.
        Assert.Equal(2 * 2 * 2 * 2 * 3 + 2 * 2, grid.Trials.Count);
        Assert.Equal("llama-nano+lora-r8+alpaca+none+s0", grid.Trials[0].Name);
        Assert.Contains(grid.Trials, t => t.Name == "llama-nano+lora-r8+alpaca-cot+cue+s0");
        Assert.Equal(grid.Trials.Count, grid.Trials.Select(t => t.Name).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 52), grid.Trials.Select(t => t.Index));
    }

    [Fact]
    public void Expand_TrialsThatDifferInTheCue_ShareOneTraining()
    {
        var grid = Specs.ExampleSpec.Expand();

        Assert.Equal(24, grid.Trainings.Count);
        Assert.All(grid.Trainings, t =>
        {
            Assert.Equal(2, t.Trials.Count);
            Assert.Equal(["none", "cue"], t.Trials.Select(i => grid.Trials[i].Cot));
            Assert.All(t.Trials, i => Assert.Equal(t.Index, grid.Trials[i].Training));
        });
        Assert.Equal(52, grid.Trials.Select(t => t.TrialKey).Distinct().Count());
        Assert.Equal(24, grid.Trainings.Select(t => t.Key).Distinct().Count());
    }

    [Fact]
    public void Expand_AxisValuesThatAreTheSame_ShareOneTraining()
    {
        var grid = SweepDocument.ParseValid("name: a\nmodels: m\npeft: [{ name: a, method: lora }, { name: b, method: lora, r: 8, alpha: 16.0 }]\ndata: alpaca").Expand();
        Assert.Equal((2, 1), (grid.Trials.Count, grid.Trainings.Count));
    }

    [Fact]
    public void Expand_LearningRate_IsTheAdaptersThenTheTrainingsThenTheMethods()
    {
        const string Yaml = "name: a\nmodels: m\npeft: [{ name: own, method: lora, learning_rate: 0.001 }, { name: lora, method: lora }, ia3]\ndata: alpaca\n";
        (double, LearningRateSource)[] Rates(string yaml) => [.. SweepDocument.ParseValid(yaml).Expand().Trainings.Select(t => (t.LearningRate, t.LearningRateSource))];

        Assert.Equal([(0.001, LearningRateSource.Adapter), (3e-4, LearningRateSource.MethodDefault), (3e-3, LearningRateSource.MethodDefault)], Rates(Yaml));
        Assert.Equal([(0.001, LearningRateSource.Adapter), (5e-4, LearningRateSource.Training), (5e-4, LearningRateSource.Training)], Rates(Yaml + "training: { learning_rate: 5e-4 }"));
    }

    [Fact]
    public void Expand_ExcludeWhenInclude_PruneAndAdd()
    {
        var spec = SweepDocument.ParseValid("""
            name: a
            models: [m/a, m/b]
            peft: [{ name: lora, method: lora }, { name: ia3, method: ia3, when: { model: a } }]
            data: alpaca
            seeds: [0, 1, 2]
            exclude: [{ model: b, seed: [1, 2] }]
            include: [{ peft: ia3, model: b, seed: 2 }]
            """);

        Assert.Equal(
            ["a+lora+alpaca+none+s0", "a+lora+alpaca+none+s1", "a+lora+alpaca+none+s2", "a+ia3+alpaca+none+s0", "a+ia3+alpaca+none+s1", "a+ia3+alpaca+none+s2", "b+lora+alpaca+none+s0", "b+ia3+alpaca+none+s2"],
            spec.Expand().Trials.Select(t => t.Name));
        Assert.Equal(8, GridCells.Of(spec).Count());
    }

    [Theory]
    [InlineData("epochs: 3", "epochs: 4", true)]
    [InlineData("cutoff_len: 512", "cutoff_len: 256", true)]
    [InlineData("precision: bf16", "precision: fp32", true)]
    [InlineData("alpha: 16", "alpha: 32", true)]
    [InlineData("template: alpaca,", "template: chatml,", true)]
    [InlineData("weight: 2.0", "weight: 2.5", true)]
    [InlineData("path: models/llama-nano", "path: models/other", true)]
    [InlineData("max_new_tokens: 128", "max_new_tokens: 64", false)]
    [InlineData("step by step", "carefully", false)]
    [InlineData("limit: 200,", "limit: 100,", false)]
    [InlineData("name: alpaca-cot", "name: mix", false)]
    [InlineData("epochs: 3,", "epochs: 3, checkpoint_steps: 10,", false)]
    public void Expand_ChangeOfTheSpec_ChangesTrainingKeysOnlyWhereWeightsChange(string from, string to, bool changes)
    {
        var before = Specs.ExampleSpec.Expand();
        var after = SweepDocument.ParseValid(Specs.Example.Replace(from, to, StringComparison.Ordinal)).Expand();

        Assert.Equal(changes, !before.Trainings.Select(t => t.Key).SequenceEqual(after.Trainings.Select(t => t.Key)));
    }

    [Theory]
    [InlineData("max_new_tokens: 128", "max_new_tokens: 64", true)]
    [InlineData("step by step", "carefully", true)]
    [InlineData("limit: 200,", "limit: 100,", false)]
    public void Expand_ChangeOfTheSpec_ChangesTrialKeysOnlyWhereTheAskingChanges(string from, string to, bool changes)
    {
        var before = Specs.ExampleSpec.Expand();
        var after = SweepDocument.ParseValid(Specs.Example.Replace(from, to, StringComparison.Ordinal)).Expand();

        Assert.Equal(changes, !before.Trials.Select(t => t.TrialKey).SequenceEqual(after.Trials.Select(t => t.TrialKey)));
        Assert.NotEqual(before.Trials.Last().ResultKeys["goat-arithmetic"], after.Trials.Last().ResultKeys["goat-arithmetic"]);
    }

    [Fact]
    public void Expand_OtherContentBehindTheSameReference_ChangesTheKeysThatItIsIn()
    {
        static Grid With(string model, string rows, string suite) => GridExpander.Expand(Specs.ExampleSpec, new SpecIdentities
        {
            Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = new(model, null, new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>()) },
            Sources = new Dictionary<string, IReadOnlyList<string?>> { ["alpaca"] = [rows], ["alpaca-cot"] = [rows, null] },
            Suites = new Dictionary<string, string> { ["goat-arithmetic"] = suite },
        });
        const string suite = "goat-arithmetic";
        var (before, otherModel, otherRows, otherSuite) = (With("1", "1", "1"), With("2", "1", "1"), With("1", "2", "1"), With("1", "1", "2"));

        // Every data set of the example draws on these rows, and half of its trainings on this base.
        Assert.Empty(before.Trainings.Select(t => t.Key).Intersect(otherRows.Trainings.Select(t => t.Key)));
        Assert.Equal(before.Trainings.Count / 2, before.Trainings.Select(t => t.Key).Intersect(otherModel.Trainings.Select(t => t.Key)).Count());
        Assert.Equal(
            before.Trials.Where(t => t.IsUntuned).Select(t => t.TrialKey), before.Trials.Select(t => t.TrialKey).Intersect(otherRows.Trials.Select(t => t.TrialKey)));
        // Other items are another question to the same trained model.
        Assert.Equal(before.Trials.Select(t => t.TrialKey), otherSuite.Trials.Select(t => t.TrialKey));
        Assert.Empty(before.Trials.Select(t => t.ResultKeys[suite]).Intersect(otherSuite.Trials.Select(t => t.ResultKeys[suite])));
    }

    [Fact]
    public void Expand_KnownContent_StandsForItsReference()
    {
        var known = new SpecIdentities { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = new("abc", null, new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>>()) } };
        var here = GridExpander.Expand(Specs.ExampleSpec, known);
        var moved = GridExpander.Expand(SweepDocument.ParseValid(Specs.Example.Replace("models/llama-nano", "elsewhere/base", StringComparison.Ordinal)), known);

        Assert.Equal(here.Trainings.Select(t => t.Key), moved.Trainings.Select(t => t.Key));
        Assert.NotEqual(here.Trainings[0].Key, Specs.ExampleSpec.Expand().Trainings[0].Key);
    }
}
