using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

/// <summary>Training on an evaluation's own questions is refused unless the source allows it by the evaluation's name.</summary>
public sealed class LeakageTests
{
    private static IReadOnlyList<SpecError> Validate(LeakFacts leak, string allow = "")
        => SpecValidator.Validate(
            SweepDocument.Parse($"name: a\nseeds: [0, 1, 2]\nmodels: m\npeft: lora\ndata: [{{ name: d, sources: [{{ path: rows.json{allow} }}] }}]\nevaluation: [{{ name: asked, suite: x }}, {{ name: other, suite: y }}]"),
            new SpecFacts { Data = [new DataFacts { Name = "d", Sources = [new SourceFacts { Rows = 100, Leaks = [leak] }] }] });

    [Fact]
    public void Validate_TheEvaluationsOwnFile_IsRefused()
    {
        var error = Assert.Single(Validate(new LeakFacts("asked", "copy.json", 0, 50)));
        Assert.Equal(("data[0].sources[0]", SpecSeverity.Error), (error.Path, error.Severity));
        Assert.StartsWith("copy.json is the evaluation 'asked' itself", error.Message, StringComparison.Ordinal);
        Assert.Contains("allow_leakage: [asked]", error.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(26, SpecSeverity.Error)]
    [InlineData(25, SpecSeverity.Advice)]
    [InlineData(1, SpecSeverity.Advice)]
    public void Validate_QuestionsAmongTheRows_AreRefusedWhereTheyAreMostOfTheEvaluation(int questions, SpecSeverity severity)
    {
        var remark = Assert.Single(Validate(new LeakFacts("asked", null, questions, 50)));
        Assert.Equal(severity, remark.Severity);
        Assert.Contains($"{questions} of the 50 questions of the evaluation 'asked'", remark.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(", allow_leakage: [asked]", 0)]
    [InlineData(", allow_leakage: asked", 0)]
    [InlineData(", allow_leakage: [other]", 1)]
    public void Validate_AllowedByName_IsThatEvaluationsAlone(string allow, int remarks) => Assert.Equal(remarks, Validate(new LeakFacts("asked", "rows.json", 50, 50), allow).Count);

    [Fact]
    public void Parse_AllowedNameThatIsNoEvaluation_IsAnError()
    {
        var error = SweepFiles.OnlyErrorOf("name: a\nmodels: m\npeft: lora\ndata: [{ name: d, sources: [{ path: rows.json, allow_leakage: [askd] }] }]\nevaluation: [{ name: asked, suite: x }]");
        Assert.Equal(("data[0].sources[0].allow_leakage", "there is no evaluation 'askd'"), (error.Path, error.Message));
        Assert.Contains("asked", error.Fix, StringComparison.Ordinal);
    }
}
