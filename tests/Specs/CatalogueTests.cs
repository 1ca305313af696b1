using AlpacaCot.Specs.Methods;
using AlpacaCot.Specs.Schedules;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Specs.Tests;

/// <summary>What a spec can name is declared once, and every declaration says what it is.</summary>
public sealed class CatalogueTests
{
    public static TheoryData<string> Suites => [.. SuiteCatalogue.All.Select(suite => suite.Name)];

    [Theory, MemberData(nameof(Suites))]
    public void Suite_Example_IsALineThatASweepTakes(string name)
    {
        var suite = SuiteCatalogue.Find(name)!;
        var spec = SweepDocument.ParseValid($"name: x\nmodels: [m]\npeft: [lora]\ndata: [goat]\nevaluation: [{suite.Example}]");
        var evaluation = Assert.Single(spec.Evaluation);
        Assert.Equal(name, evaluation.Suite);
        Assert.All(evaluation.Options.Keys, option => Assert.NotNull(suite.Option(option)));
        // Nothing that must be given is missing from it.
        Assert.All(suite.Options.Where(option => option.Required), option => Assert.Contains(option.Name, evaluation.Options.Keys));
    }

    [Theory, MemberData(nameof(Suites))]
    public void Suite_Options_HaveMeaningsAndDistinctNames(string name)
    {
        var options = SuiteCatalogue.Find(name)!.AllOptions.ToList();
        Assert.Equal(options.Count, options.Select(option => option.Name).Distinct().Count());
        Assert.All(options, option => Assert.False(string.IsNullOrWhiteSpace(option.Meaning)));
        Assert.All(options.Where(option => option.Kind == SuiteOptionKind.Choice), option => Assert.Equal(option.Choices[0], option.Default!.GetValue<string>()));
    }

    [Fact]
    public void Schedules_OfASpec_AreThoseOfTheCatalogue()
    {
        Assert.Equal(ScheduleCatalogue.All.Select(schedule => schedule.Name), TrainingSpec.Schedules.Keys);
        Assert.Equal((0.5, 1.0, 1.0, 1e-7, null), (
            ScheduleCatalogue.DefaultOf("cosine", "num_cycles"), ScheduleCatalogue.DefaultOf("cosine_with_restarts", "num_cycles"), ScheduleCatalogue.DefaultOf("polynomial", "power"),
            ScheduleCatalogue.DefaultOf("polynomial", "lr_end"), ScheduleCatalogue.DefaultOf("inverse_sqrt", "timescale")));
    }

    [Fact]
    public void TrialSpecJson_WritesEveryOptionOfTheMethod_AndTheRateThatCounts()
    {
        var spec = SweepDocument.ParseValid("name: x\nmodels: [{ name: m, path: a/b }]\npeft: [{ name: l, method: lora, r: 4 }]\ndata: [{ name: d, sources: [goat] }]\ntemplate: goat\ntraining: { precision: fp32 }");
        var trial = TrialSpecJson.Trial(TrialSpec.Of(spec, spec.Models[0], spec.Peft[0], spec.Data[0], spec.Cot[0], 0.25, 3));
        Assert.Equal(MethodCatalogue.Find("lora")!.Options.Select(option => option.ShortName), trial["peft"]!.AsObject().Select(o => o.Key).Skip(2));
        Assert.Equal(("a/b", "fp32", 4, 16.0, 0.25, "goat", 3L), (
            (string)trial["model"]!["path"]!, (string)trial["model"]!["load"]!, (int)trial["peft"]!["r"]!, (double)trial["peft"]!["alpha"]!, (double)trial["training"]!["learning_rate"]!,
            (string)trial["data"]!["template"]!, (long)trial["seed"]!));
        // Where nothing is trained there is nothing to say of it.
        Assert.Equal(["model", "seed", "cot", "decoding", "evaluation"], TrialSpecJson.Trial(TrialSpec.Of(spec, spec.Models[0], null, null, spec.Cot[0], null, 0)).Select(part => part.Key));
    }

    /// <summary>The words of a decoding are read back to an equal one, whatever it sets.</summary>
    [Theory]
    [InlineData("{ }")]
    [InlineData("{ strategy: sample, temperature: 0.7, top_p: 0.9, top_k: 5, stop: [a, 'b c'] }")]
    [InlineData("{ max_new_tokens: 7, repetition_penalty: 1.2, no_repeat_ngram_size: 3, bad_words: [x, y], remove_invalid_values: true }")]
    [InlineData("{ num_beams: 4, length_penalty: 0.5, early_stopping: true }")]
    public void WordsOf_ADecoding_AreReadBack(string decoding)
    {
        var spec = SweepDocument.ParseValid($"name: x\nmodels: [m]\npeft: [lora]\ndata: [goat]\ndecoding: {decoding}").Decoding;
        var given = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var word in CommandLine.AskingOptions.WordsOf(spec))
            if (word.StartsWith("--", StringComparison.Ordinal)) given[word[2..].Replace('-', '_')] = [];
            else given[given.Keys.Last()] = [.. given[given.Keys.Last()], word];
        foreach (var flag in given.Where(key => key.Value.Count == 0).Select(key => key.Key).ToList()) given[flag] = ["true"];
        var read = CommandLine.AskingOptions.ReadDecoding(given, out var remarks);
        Assert.Empty(remarks);
        Assert.Equal(SweepSpecJson.Decoding(spec).ToJsonString(), SweepSpecJson.Decoding(read).ToJsonString());
    }
}
