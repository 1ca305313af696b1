using System.Text;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Tests.Specs;

/// <summary>Sweep files without measure, and expressions that never end, are refused in one line and in words of our own.</summary>
public sealed class HostileSweepTests
{
    private const string Head = "name: a\nmodels: m\npeft: lora\ndata: d\n";

    [Fact]
    public void Parse_ListLongerThanAnySweepHas_NamesItAndItsLength()
        => Assert.Contains("seeds: has 20000 items, more than 10000", Only(Head + $"seeds: [{string.Join(",\n  ", Enumerable.Range(0, 20_000))}]"), StringComparison.Ordinal);

    [Fact]
    public void Parse_LongTextByAliases_RefusedBeforeItIsWrittenOut()
        => Assert.Contains(
            "aliases counted as what they stand for",
            Only(Head + $"evaluation:\n  - suite: s\n    options:\n      a: &a {new string('x', 30_000)}\n      b: [{string.Join(",\n", Enumerable.Repeat("*a", 9000))}]\n"), StringComparison.Ordinal);

    [Fact]
    public void Parse_FileWithoutMeasure_Refused()
        => Assert.Contains("the text has more than 16777216 characters", Only(new string('#', 17 << 20)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("# a comment\n\n")]
    [InlineData("name: a\n...\n")]
    public void Parse_DirectiveOrLineWithoutMeasure_RefusedAtOnce(string before)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var hundredThousand = string.Concat(Enumerable.Repeat(" 16,:>,:", 12_500));
        Assert.Contains("this line has more than 32768 characters", Only(before + "%YA" + hundredThousand), StringComparison.Ordinal);
        Assert.Contains("is a directive", Only(before + "%YA" + hundredThousand[..30_000]), StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Parse_PercentSignInsideTheDocument_IsText()
        => Assert.Equal("a\n%b", SweepDocument.Parse("name: x\ndescription: |-\n  a\n  %b\n").Spec.Description);

    [Fact]
    public void Parse_ValueOfManyLinesOrAnyLength_IsShownInOneShortLine()
    {
        foreach (var error in SweepDocument.Parse("name: a\n b\n\n c\nmodels: [{ pth: m }]\n" + new string('k', 5000) + ": 1\n").Errors)
        {
            Assert.DoesNotContain('\n', error.ToString());
            Assert.InRange(error.ToString().Length, 1, 1001);
        }
    }

    [Theory]
    [InlineData("description: \"\\ud800\"", "this is no YAML: half a surrogate pair stands alone")]
    [InlineData("a: [ {b: c, d\ne\n", "this is no YAML")]
    [InlineData("description: 'open", "this is no YAML: a quote is not closed")]
    [InlineData("description: [1, 2", "this is no YAML: a bracket [ is not closed")]
    [InlineData("description: @x", "this is no YAML: a character stands where none can")]
    [InlineData("description: a: b", "this is no YAML: a colon stands where none can")]
    public void Parse_NoYaml_SaysSoInOurWords(string line, string says)
    {
        var message = Only(Head + line);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain("While ", message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("(Line:", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"(.+)+\1!", "takes too long on")]
    [InlineData(@"(?=(.+)+!).*q_proj", "takes too long on")]
    [InlineData("(q|v", "a bracket ( is not closed")]
    [InlineData("q)|(v", "a bracket ) closes nothing")]
    [InlineData("[q", "a bracket [ is not closed")]
    public void Mistake_ExpressionWithoutEnd_ToldWhenItIsRead(string expression, string says)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Contains(says, ModulePattern.Mistake(expression), StringComparison.Ordinal);
        Assert.DoesNotContain("Invalid pattern", ModulePattern.Mistake(expression), StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData("(.+)+!")]
    [InlineData("(a+)+$")]
    [InlineData(@".*\.(q|v)_proj")]
    [InlineData(@"(?!.*vision).*q_proj")]
    public void Mistake_ExpressionThatEnds_IsNone(string expression) => Assert.Null(ModulePattern.Mistake(expression));

    [Fact]
    public void Whole_RepetitionsOfRepetitions_TakeThePathsLength()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.DoesNotMatch(ModulePattern.Whole("(a+)+b"), new string('a', 5000));
        Assert.Matches(ModulePattern.Ending("q_proj"), "model.layers.0.self_attn.q_proj");
        Assert.DoesNotMatch(ModulePattern.Ending("q_proj"), "model.layers.0.self_attn.xq_proj");
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Goat_MoreQuestionsThanMemoryHolds_IsAMistake()
        => Assert.Contains("must be from 1 to 5000000", Assert.Single(new GoatOptions { Count = int.MaxValue }.Mistakes()), StringComparison.Ordinal);

    /// <summary>A key of megabytes is compared with every known one.</summary>
    [Fact]
    public void Nearest_WordOfMegabytes_ResemblesNone()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var word = new string('e', 4_000_000);
        Assert.Null(Suggestions.Nearest(word, Enumerable.Range(0, 200).Select(i => $"epochs{i}")));
        Assert.Equal((4_000_000, 0, 1), (EditDistance.Between(word, "e"), EditDistance.Between(word, new string('e', 4_000_000)), EditDistance.Between("epoch", "epochs")));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    private static string Only(string yaml) => Assert.Single(SweepDocument.Parse(Encoding.UTF8.GetBytes(yaml)).Errors).ToString();
}
