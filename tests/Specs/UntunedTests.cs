using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Specs;

/// <summary>The untuned bases that a sweep asks beside its tuned trials, and the keys under which sweeps share their results.</summary>
public sealed class UntunedTests
{
    private const string Yaml = """
        name: a
        seeds: [0, 1, 2]
        models: [{ name: x, path: m/x }, { name: y, path: m/y }]
        peft: [lora, ia3]
        data: [{ name: d, sources: [alpaca] }, { name: e, sources: [cot] }]
        cot: [none, "Think."]
        evaluation: exact-match
        """;

    private static IEnumerable<string> Cells(string yaml)
        => GridCells.Untuned(SweepDocument.ParseValid(yaml)).Select(c => FormattableString.Invariant($"{c.Model.Name} {c.Asked.Name} {c.Cot.Name} {c.Seed}").TrimEnd());

    [Fact]
    public void Untuned_Greedy_IsOneForEachBaseAndCue() => Assert.Equal(["x d none", "x d cue", "y d none", "y d cue"], Cells(Yaml));

    [Fact]
    public void Untuned_Drawn_HasEachSeed()
        => Assert.Equal(["x d none 0", "x d none 1", "x d none 2"], Cells(Yaml + "\ndecoding: { strategy: sample }").Take(3));

    [Fact]
    public void Untuned_SeveralTemplates_HasEach()
        => Assert.Equal(["x d none", "x d cue", "x e none", "x e cue"], Cells(Yaml.Replace("sources: [cot]", "sources: [cot], template: goat", StringComparison.Ordinal)).Take(4));

    [Fact]
    public void Untuned_SwitchedOff_IsNone() => Assert.Empty(Cells(Yaml + "\nbase: false"));

    [Fact]
    public void Untuned_NothingIsAsked_IsNone() => Assert.Empty(Cells(Yaml.Replace("evaluation: exact-match", "", StringComparison.Ordinal)));

    [Fact]
    public void Untuned_CombinationsLeftOut_HaveNoBase() => Assert.Equal(["x d none", "y d none", "y d cue"], Cells(Yaml + "\nexclude: [{ model: x, cot: cue }]"));

    [Fact]
    public void Base_Written_ComesBackFromJson()
    {
        Assert.True(SweepDocument.ParseValid(SweepSpecJson.Write(SweepDocument.ParseValid(Yaml))).Base);
        Assert.False(SweepDocument.ParseValid(SweepSpecJson.Write(SweepDocument.ParseValid(Yaml + "\nbase: false"))).Base);
    }

    [Fact]
    public void Parse_MethodNamedLikeTheBase_IsRefused()
    {
        var yaml = Yaml.Replace("peft: [lora, ia3]", "peft: [ia3, { name: base, method: lora }]", StringComparison.Ordinal);
        Assert.Equal(("peft[1]", "the name 'base' is the untuned base's"), SweepFiles.OnlyErrorOf(yaml) is var error ? (error.Path, error.Message) : default);
        Assert.Empty(SweepFiles.ErrorsOf(yaml + "\nbase: false"));
    }

    private static string Key(string yaml, SpecIdentities? known = null, int? seed = null)
    {
        var spec = SweepDocument.ParseValid(yaml);
        return new TrialKeys(spec, known ?? SpecIdentities.None).Untuned(spec.Models[0], spec.Data[0], spec.Cot[^1], seed);
    }

    [Theory]
    [InlineData("peft: [lora, ia3]", "peft: [{ method: lora, r: 2 }]")]
    [InlineData("sources: [alpaca]", "sources: [cot]")]
    [InlineData("name: d,", "name: f,")]
    [InlineData("seeds: [0, 1, 2]", "seeds: [7]")]
    [InlineData("evaluation:", "training: { epochs: 9 }\nevaluation:")]
    public void Key_WhatIsTrained_IsNotInIt(string from, string to) => Assert.Equal(Key(Yaml), Key(Yaml.Replace(from, to, StringComparison.Ordinal)));

    [Theory]
    [InlineData("path: m/x", "path: m/z")]
    [InlineData("path: m/x", "path: m/x, load: fp32")]
    [InlineData("sources: [alpaca]", "sources: [alpaca], template: goat")]
    [InlineData("Think.", "Reason.")]
    [InlineData("evaluation:", "decoding: { max_new_tokens: 3 }\nevaluation:")]
    public void Key_WhatIsAskedAndHow_IsInIt(string from, string to) => Assert.NotEqual(Key(Yaml), Key(Yaml.Replace(from, to, StringComparison.Ordinal)));

    [Fact]
    public void Key_SeedAndContents_AreInIt()
    {
        Assert.NotEqual(Key(Yaml), Key(Yaml, seed: 0));
        Assert.NotEqual(Key(Yaml, seed: 1), Key(Yaml, seed: 0));
        var known = new SpecIdentities { Templates = new Dictionary<string, string> { ["d"] = "text" }, Code = "1" };
        string[] keys = [Key(Yaml), Key(Yaml, known), Key(Yaml, known with { Code = "2" }), Key(Yaml, known with { Templates = new Dictionary<string, string> { ["d"] = "other" } })];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void Match_Alone_IsAdvice()
    {
        var remark = Assert.Single(SweepDocument.Parse(Yaml.Replace("sources: [cot]", "sources: [cot], match: rows", StringComparison.Ordinal)).Remarks);
        Assert.Equal(("data[1].match", SpecSeverity.Advice), (remark.Path, remark.Severity));
        Assert.Empty(SweepDocument.Parse(Yaml.Replace("] }", "], match: rows }", StringComparison.Ordinal)).Remarks);
    }
}
