using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Mixes that are compared with one another: the same rows, told cues, and no questions of an evaluation among them.</summary>
public sealed class ComparedMixesTests : IDisposable
{
    private const string LongRationale = "Because of many, many, many, many, many, many, many, many, many, many, many, many, many, many, many, many things.";
    private static readonly ByteTokenizer _tokenizer = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Three rows, of which the second has an empty answer beside its rationale and the third a question that fills the cutoff once it has a cue.</summary>
    private string Rows()
    {
        File.WriteAllLines(_folder["cot.jsonl"],
        [
            """{"instruction": "Is it so?", "output": "no", "rationale": "Because.", "answer": "no"}""",
            """{"instruction": "Is it?", "output": " ", "rationale": "It is.", "answer": "yes"}""",
            $$"""{"instruction": "{{new string('x', 60)}}", "output": "ok", "rationale": "{{LongRationale}}", "answer": "ok"}""",
        ]);
        return _folder["cot.jsonl"];
    }

    private DataSpec Answers => new() { Name = "answers", Sources = [new SourceSpec { Path = Rows(), Cot = RationaleUse.Answer }], Template = "plain", Match = DataMatch.Rows };

    private DataSpec Rationales => new() { Name = "rationales", Sources = [new SourceSpec { Path = Rows(), TrainingCue = TrainingCue.Of("Think about it step by step.") }], Template = "plain", Match = DataMatch.Rows };

    private PreparedData Prepare(DataSpec spec, bool cache, params DataSpec[] matched)
        => new DataPreparation(new DatasetCatalogue(), cache ? _folder["cache"] : null).Prepare(spec, _tokenizer, PromptTemplates.Plain, 80, 0, matched: matched);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Prepare_Matched_LeavesOutWhatTheOtherCannotTeach(bool cache)
    {
        Assert.Equal([2, 2], ((DataSpec[])[Answers, Rationales]).Select(mix => Prepare(mix, cache).Report.RowsKept));
        var (answers, rationales) = (Prepare(Answers, cache, Rationales).Report, Prepare(Rationales, cache, Answers).Report);
        Assert.Equal((1, 1), (answers.RowsKept, rationales.RowsKept));
        Assert.Equal([(RefusalCause.EmptyAnswer, "cot.jsonl:2"), (RefusalCause.Unmatched, "cot.jsonl:3")], answers.Refused.Select(r => (r.Cause, Assert.Single(r.FirstRows))));
        Assert.Equal([(RefusalCause.PromptFillsCutoff, "cot.jsonl:3"), (RefusalCause.Unmatched, "cot.jsonl:2")], rationales.Refused.Select(r => (r.Cause, Assert.Single(r.FirstRows))));
    }

    [Fact]
    public void Prepare_MatchedWithAnotherFile_LeavesAllRows()
    {
        File.WriteAllText(_folder["other.jsonl"], """{"instruction": "Is it so?", "output": " "}""" + "\n" + """{"instruction": "Who?", "output": "me"}""");
        var other = new DataSpec { Name = "other", Sources = [new SourceSpec { Path = _folder["other.jsonl"] }], Template = "plain", Match = DataMatch.Rows };
        Assert.Equal(2, Prepare(Answers, cache: false, other).Report.RowsKept);
    }

    [Fact]
    public void Prepare_MatchedGenerator_ComparesQuestions()
    {
        DataSpec Mix(GoatStyle style) => new() { Sources = [new SourceSpec { Goat = new GoatOptions { Count = 200, MinDigits = 3, MaxDigits = 12, Style = style, Noise = false } }], Template = "goat", Match = DataMatch.Rows };
        PreparedData Made(DataSpec spec, params DataSpec[] matched) => new DataPreparation(new DatasetCatalogue()).Prepare(spec, _tokenizer, PromptTemplates.Goat, 40, 0, matched: matched);
        var (direct, steps) = (Mix(GoatStyle.Direct), Mix(GoatStyle.Steps));
        Assert.Equal(Made(direct, steps).Report.RowsKept, Made(steps, direct).Report.RowsKept);
    }

    [Fact]
    public void Inspect_CuesAndQuestions_AreFoundAmongTheRows()
    {
        File.WriteAllText(_folder["rows.json"], """
            [{"instruction": "What is  2 + 2?", "output": "4"}, {"instruction": "Answer.", "input": "Who?\nNow?", "output": "me"}, {"instruction": "Why? LET'S THINK STEP BY STEP.", "output": "so"},
             {"instruction": "What is 2 + 2?", "output": "four"}]
            """);
        var inspection = new SourceInspection(
            new DatasetCatalogue(), ["Let's think step by step.", "Reason first."],
            new Dictionary<string, QuestionSet> { ["sums"] = new(["What is 2 + 2?", "What is 3 + 3?"]), ["who"] = new(["Answer. Who? Now?"]), ["none"] = new(["What?"]) });
        var found = Assert.Single(inspection.Inspect(new DataSpec { Sources = [new SourceSpec { Path = _folder["rows.json"] }] }));
        Assert.Equal([("Let's think step by step.", 1L)], found.Cues.Select(cue => (cue.Key, cue.Value)));
        Assert.Equal([("sums", 1), ("who", 1)], found.Questions.OrderBy(set => set.Key, StringComparer.Ordinal).Select(set => (set.Key, set.Value)));
        Assert.Equal([_folder["rows.json"]], found.Files);
    }
}
