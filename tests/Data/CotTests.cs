using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Cot;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Chain-of-thought forms: pairs, turned roles, worked examples, and the escaped line breaks of the files.</summary>
public sealed class CotTests
{
    private static readonly InstructionRecord _row = new("Is it so?\nOptions:\n- yes\n- no", "", "no", "Because {answer} is no slot.", "no", "creak_train.tsv", 4);

    [Theory]
    [InlineData(null)]
    [InlineData("zh")]
    public void Templates_OfTheNineSets_AreAHundredDifferentPairs(string? language)
    {
        var all = CotTemplates.Sets.SelectMany(set => CotTemplates.Of($"cot/{set.Set}_train.tsv", language)).ToList();

        Assert.Equal((9, 100, 100), (CotTemplates.Sets.Count, all.Count, CotTemplates.Of("my rows.json", language).Count));
        Assert.All(CotTemplates.Sets, set => Assert.Equal(set.Pairs, CotTemplates.Of(set.Set, language).Distinct().Count()));
        Assert.All(all, pair => Assert.True(pair.Question.Contains("{question}", StringComparison.Ordinal) && pair.Question.Contains("{cue}", StringComparison.Ordinal)
            && pair.Answer.StartsWith("{cot}", StringComparison.Ordinal) && pair.Answer.Contains("{answer}", StringComparison.Ordinal), pair.ToString()));
        Assert.InRange(all.Count(pair => pair.Question.StartsWith("{question}", StringComparison.Ordinal)), 35, 60);
    }

    [Fact]
    public void Templates_Closings_HaveThePublishedCounts()
    {
        var counts = CotTemplates.Of("", null).GroupBy(pair => pair.Answer).ToDictionary(group => group.Key, group => group.Count());

        Assert.Equal(15, counts.Count);
        Assert.Equal((8, 1, 6), (counts["{cot}\nTherefore, the answer is {answer}."], counts["{cot}\nThe answer is {answer}."], counts["{cot} Therefore, the final answer is {answer}."]));
        Assert.Equal(21, CotTemplates.Of("", null).Count(pair => pair.Cue.EndsWith(':')));
    }

    [Theory]
    [InlineData(CueUse.Flan)]
    [InlineData(CueUse.FlanChinese)]
    public void Apply_EveryPair_KeepsQuestionAndAnswer(CueUse use)
    {
        var questions = new HashSet<string>();
        for (var row = 1; row <= 300; row++)
        {
            var (taught, cue) = RationaleFormatter.Apply(_row with { Row = row }, RationaleUse.RationaleThenAnswer, new TrainingCue(use), seed: 3);
            Assert.Contains(_row.Instruction, taught.Instruction, StringComparison.Ordinal);
            Assert.Contains(cue!, taught.Instruction, StringComparison.Ordinal);
            Assert.StartsWith(_row.Rationale!, taught.Output, StringComparison.Ordinal);
            Assert.Equal("no", AnswerExtraction.FinalAnswer(taught.Output));
            Assert.Equal(use == CueUse.FlanChinese, cue!.Any(c => c > '\u4DFF'));
            questions.Add(taught.Instruction);
        }
        Assert.Equal(10, questions.Count);
    }

    [Fact]
    public void Inversions_AreEighteenOfFourKinds()
    {
        foreach (var forms in (IReadOnlyList<(string Asked, string Answered)>[])[CotInversions.English, CotInversions.Chinese])
        {
            Assert.Equal(18, forms.Distinct().Count());
            int Kind(string[] asked, string[] answered) => forms.Count(form => Slots(form.Asked).SetEquals(asked) && Slots(form.Answered).SetEquals(answered));
            Assert.Equal(
                (3, 5, 6, 4),
                (Kind(["{cot}", "{answer}"], ["{question}"]), Kind(["{question}", "{answer}"], ["{cot}"]), Kind(["{cot}"], ["{question}", "{answer}"]), Kind(["{answer}"], ["{question}", "{cot}"])));
        }

        static HashSet<string> Slots(string form) => [.. ((string[])["{question}", "{answer}", "{cot}"]).Where(slot => form.Contains(slot, StringComparison.Ordinal))];
    }

    [Fact]
    public void Apply_Inversion_DrawsEveryFormAndLearnsWhatWasAsked()
    {
        var taught = Enumerable.Range(1, 400).Select(row => RationaleFormatter.Apply(_row with { Row = row }, RationaleUse.Inversion, TrainingCue.None, seed: 3).Record).ToList();

        Assert.Equal(18, taught.Select(row => row.Instruction).Distinct().Count());
        Assert.All(taught, row => Assert.False(row.Instruction.Contains(_row.Instruction, StringComparison.Ordinal) && row.Output.Contains(_row.Instruction, StringComparison.Ordinal)));
        Assert.Equal(_row with { Rationale = null }, RationaleFormatter.Apply(_row with { Rationale = null }, RationaleUse.Inversion, TrainingCue.None, seed: 3).Record);
    }

    [Fact]
    public void Prepare_FewShot_PutsOtherRowsInFrontAndLearnsTheLastAnswerAlone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["rows.json"], "[" + string.Join(",", Enumerable.Range(10, 20).Select(i => $$"""{"instruction": "question {{i}}", "output": "answer {{i}}"}""")) + "]");
        var spec = new DataSpec { Sources = [new() { Path = folder["rows.json"], FewShot = 3 }] };

        var rows = DataPreview.Rows(new DatasetCatalogue(), spec, new ByteTokenizer(), PromptTemplates.Plain, 4096, 0, 20);

        foreach (var row in rows)
        {
            var own = row.Response.Replace("answer", "question", StringComparison.Ordinal);
            Assert.Equal(4, row.Prompt.Split("question ").Length - 1);
            Assert.Equal(3, row.Prompt.Split("answer ").Length - 1);
            Assert.True(row.Prompt.LastIndexOf("question ", StringComparison.Ordinal) == row.Prompt.IndexOf(own, StringComparison.Ordinal), row.Prompt);
            Assert.DoesNotContain(row.Response, row.Prompt, StringComparison.Ordinal);
        }
        Assert.Equal(rows.Select(row => row.Prompt), DataPreview.Rows(new DatasetCatalogue(), spec, new ByteTokenizer(), PromptTemplates.Plain, 4096, 0, 20).Select(row => row.Prompt));
    }

    /// <summary>Rows whose line breaks were written as two characters, and what the reader says of them.</summary>
    [Theory]
    [InlineData("aqua", 2728)]
    [InlineData("creak", 6915)]
    [InlineData("ecqa", 7112)]
    [InlineData("qasc", 1084)]
    [InlineData("sensemaking", 6070)]
    [InlineData("strategyqa", 0)]
    [InlineData("gsm8k", 0)]
    public void Read_EscapedLineBreaks_AreTurnedIntoOnesAndCounted(string set, int escaped)
    {
        var remarks = new List<string>();
        var records = RecordReader.Read(RealData.File($"cot/{set}_train.tsv"), remark: remarks.Add).ToList();

        Assert.DoesNotContain(records, row => (row.Instruction + row.Rationale + row.Answer).Contains("\\n", StringComparison.Ordinal));
        Assert.Equal(escaped, remarks.Where(remark => remark.Contains("two characters", StringComparison.Ordinal)).Sum(remark => int.Parse(remark.Split(' ')[1])));
    }
}
