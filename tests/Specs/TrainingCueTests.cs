using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

/// <summary>Cues in training prompts: none unasked, written where they are wanted, and told where an evaluation asks with the same.</summary>
public sealed class TrainingCueTests
{
    private const string Cue = "Let's think step by step.";

    private static string Yaml(string data) => $"name: a\nmodels: m\npeft: lora\ndata: [{data}]\ncot: [none, \"{Cue}\"]\nevaluation: x\n";

    [Fact]
    public void Parse_NoCue_IsNone()
        => Assert.Equal(TrainingCue.None, SweepDocument.ParseValid(Yaml("alpaca")).Data[0] is var data ? data.CueOf(data.Sources[0]) : null);

    [Theory]
    [InlineData("none", CueUse.None, null)]
    [InlineData("keep", CueUse.Keep, null)]
    [InlineData("flan", CueUse.Flan, null)]
    [InlineData("flan_zh", CueUse.FlanChinese, null)]
    [InlineData("\"Think first.\"", CueUse.Text, "Think first.")]
    [InlineData("让我们一步一步地思考", CueUse.Text, "让我们一步一步地思考")]
    public void Parse_Cue_OfASourceOrOfItsMix_ComesBackFromJson(string written, CueUse use, string? text)
    {
        foreach (var yaml in (string[])[Yaml($"{{ sources: [{{ set: alpaca, training_cue: {written} }}] }}"), Yaml($"{{ sources: [alpaca], training_cue: {written} }}")])
        {
            var spec = SweepDocument.ParseValid(yaml);
            Assert.Equal(new TrainingCue(use, text), spec.Data[0].CueOf(spec.Data[0].Sources[0]));
            Assert.Equal(SweepSpecJson.Write(spec), SweepSpecJson.Write(SweepDocument.ParseValid(SweepSpecJson.Write(spec))));
        }
    }

    [Fact]
    public void Parse_CueOfASource_GoesBeforeItsMixes()
        => Assert.Equal(CueUse.None, SweepDocument.ParseValid(Yaml("{ sources: [{ set: alpaca, training_cue: none }], training_cue: flan }")).Data[0] is var data ? data.CueOf(data.Sources[0]).Use : default);

    [Fact]
    public void Parse_WordThatIsNone_IsRefusedWithASuggestion()
    {
        var error = SweepFiles.OnlyErrorOf(Yaml("{ sources: [{ set: alpaca, training_cue: flann }] }"));
        Assert.Equal("data[0].sources[0].training_cue", error.Path);
        Assert.Contains("flan", error.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_CueOfAsking_IsNoKeyOfASource()
    {
        var error = SweepFiles.OnlyErrorOf(Yaml("{ sources: [{ set: alpaca, cue: Think. }] }"));
        Assert.Equal(("data[0].sources[0].cue", "a source has no cue"), (error.Path, error.Message));
        Assert.Contains("training_cue", error.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_CueThatIsAskedWith_IsToldWithItsRows()
    {
        var facts = new SpecFacts { Mixes = [new MixFacts { Model = "m", Data = "alpaca", Kept = 400, Cues = new Dictionary<string, long> { [Cue] = 37, ["Work it out."] = 363 } }] };
        var remark = Assert.Single(SpecValidator.Validate(SweepDocument.Parse(Yaml("alpaca") + "seeds: [0, 1, 2]\ntraining: { batch_size: 1 }"), facts));
        Assert.Equal(("data[0]", SpecSeverity.Advice, $"37 of 400 training prompts of 'alpaca' hold the cue that 'cue' asks with: \"{Cue}\""), (remark.Path, remark.Severity, remark.Message));
    }

    [Theory]
    [InlineData("none", 1)]
    [InlineData("flan", 1)]
    [InlineData("keep", 0)]
    public void Validate_CuesThatRowsBring_AreToldUnlessTheyAreMeant(string cue, int remarks)
    {
        var facts = new SpecFacts { Data = [new DataFacts { Name = "d", Sources = [new SourceFacts { Rows = 9, Cues = new Dictionary<string, long> { [Cue] = 5 } }] }] };
        var found = SpecValidator.Validate(SweepDocument.Parse(Yaml($"{{ name: d, sources: [{{ set: alpaca, training_cue: {cue} }}] }}") + "seeds: [0, 1, 2]"), facts);
        Assert.Equal(remarks, found.Count);
        Assert.All(found, r => Assert.Equal(("data[0].sources[0]", $"5 of 9 rows of 'alpaca' bring a cue with them, and 'cue' asks with it: \"{Cue}\""), (r.Path, r.Message)));
    }
}
