using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Cot;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>The real sets, read where they are.</summary>
public sealed class RealDataTests(ITestOutputHelper output)
{
    [Fact]
    public void AlpacaTiny_Text_EqualsOurRendering()
    {
        var path = RealData.File("instructions/alpaca_tiny.json");
        using var json = JsonDocument.Parse(File.ReadAllBytes(path));
        var texts = json.RootElement.EnumerateArray().Select(row => row.GetProperty("text").GetString()).ToList();

        var records = RecordReader.Read(path).ToList();

        Assert.Equal(texts, records.Select(r => PromptTemplates.AlpacaNewline.Prompt(r.Instruction, r.Input) + PromptTemplates.AlpacaNewline.Response(r.Output)));
        Assert.Contains(records, r => r.Input.Length > 0);
        Assert.Contains(records, r => r.Input.Length == 0);
    }

    [Theory]
    [InlineData("instructions/alpaca_en_demo.json", 999)]
    [InlineData("instructions/alpaca_zh_demo.json", 1000)]
    [InlineData("instructions/code_alpaca_2k.json", 2017)]
    [InlineData("instructions/gpteacher_roleplay.json", 3146)]
    [InlineData("instructions/seed_tasks.jsonl", 175)]
    [InlineData("instructions/glaive_toolcall_en_demo.json", 300)]
    [InlineData("instructions/chat_tiny.json", 1)]
    [InlineData("cot/aqua_train.tsv", 2728)]
    [InlineData("cot/creak_train.tsv", 6915)]
    [InlineData("cot/ecqa_train.tsv", 7112)]
    [InlineData("cot/gsm8k_train.tsv", 7473)]
    [InlineData("cot/qasc_train.tsv", 1084)]
    [InlineData("cot/sensemaking_train.tsv", 6070)]
    [InlineData("cot/strategyqa_train.tsv", 2061)]
    [InlineData("cot/formatted/strategyqa_train.json", 2061)]
    [InlineData("math/gsm8k/train.jsonl", 7473)]
    public void Read_EverySet_HasItsRows(string file, int rows)
    {
        var records = RecordReader.Read(RealData.File(file)).ToList();

        Assert.Equal(rows, records[^1].Row);
        Assert.True(records.Count >= rows, $"{records.Count} records");
        if (file.EndsWith(".tsv", StringComparison.Ordinal))
            Assert.DoesNotContain(records, r => (r.Instruction + r.Rationale + r.Answer).Contains("\\n", StringComparison.Ordinal));
    }

    /// <summary>Every set of the real data under its name in the catalogue, with the rows that its page counts and the defects that are known of it.</summary>
    [Theory]
    [InlineData("alpaca", "en", 999, 0, 0)]
    [InlineData("alpaca", "zh", 1000, 0, 0)]
    [InlineData("alpaca-tiny", null, 100, 0, 0)]
    [InlineData("code-alpaca", null, 2017, 2, 0)]
    [InlineData("gpteacher-roleplay", null, 3146, 0, 0)]
    [InlineData("glaive-toolcall", null, 300, 0, 0)]
    [InlineData("seed-tasks", null, 175, 0, 0)]
    [InlineData("cot-aqua", null, 2728, 0, 0)]
    [InlineData("cot-creak", null, 6915, 0, 0)]
    [InlineData("cot-ecqa", null, 7112, 0, 0)]
    [InlineData("cot-gsm8k", null, 7473, 0, 0)]
    [InlineData("cot-qasc", null, 1084, 0, 0)]
    [InlineData("cot-sensemaking", null, 6070, 0, 0)]
    [InlineData("cot-strategyqa", null, 2061, 0, 0)]
    [InlineData("gsm8k", null, 7473, 0, 0)]
    [InlineData("gsm8k-test", null, 1319, 0, 0)]
    [InlineData("aqua-test", null, 254, 0, 0)]
    [InlineData("bbh-arithmetic", null, 250, 0, 0)]
    [InlineData("cot/formatted/ecqa_train.json", null, 7112, 0, 7112)]
    [InlineData("cot/formatted/strategyqa_train.json", null, 2061, 0, 0)]
    public void Prepare_EveryRealSet_CountsItsRowsAndDefects(string name, string? language, int rows, int emptyAnswers, int escaped)
    {
        var source = name.Contains('/', StringComparison.Ordinal) ? new SourceSpec { Path = name } : new SourceSpec { Set = name, Language = language };
        var report = new DataPreparation(new DatasetCatalogue(RealData.Require())).Prepare(new DataSpec { Sources = [source] }, new ByteTokenizer(), PromptTemplates.Alpaca, 1 << 20, seed: 0).Report;

        // A seed task may have several instances.
        Assert.Equal(rows, name == "seed-tasks" ? 175 : report.RowsRead);
        Assert.Equal(emptyAnswers, report.Refused.Where(refusal => refusal.Cause == RefusalCause.EmptyAnswer).Sum(refusal => refusal.Count));
        Assert.Equal(report.RowsRead - emptyAnswers, report.RowsKept + report.Refused.Where(refusal => refusal.Cause != RefusalCause.EmptyAnswer).Sum(refusal => refusal.Count));
        Assert.Equal(escaped > 0, report.Remarks.Any(remark => remark.Contains($"{escaped} of {rows} rows hold the two characters", StringComparison.Ordinal)));
        output.WriteLine($"{name}: {report.Duplicates} duplicates, {report.NearDuplicates} near, languages {string.Join(", ", report.Languages)}, refused {string.Join(", ", report.Refused)}");
    }

    [Theory]
    [InlineData("eval/gaokao/2010-2022_Math_I_MCQs.json", "not one whole JSON object")]
    [InlineData("tables/tabmwp/problems_dev1k.json", "not one whole JSON object")]
    [InlineData("tokenizers/llama/tokenizer.model", "is neither")]
    public void Read_OtherForms_FailInOneLine(string file, string mistake)
    {
        var error = Assert.Throws<DatasetException>(() => RecordReader.Read(RealData.File(file)).ToList());

        Assert.Contains(mistake, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Gsm8k_BothFiles_HoldTheSameQuestionsAndAnswers()
    {
        var tsv = RecordReader.Read(RealData.File("cot/gsm8k_train.tsv")).Select(Key).Order(StringComparer.Ordinal);
        var jsonl = RecordReader.Read(RealData.File("math/gsm8k/train.jsonl")).Select(Key).Order(StringComparer.Ordinal);

        Assert.True(tsv.Intersect(jsonl).Count() > 7000, "fewer than 7,000 of 7,473 questions are found in both");

        static string Key(Conversation r) => string.Concat(r.Instruction.Where(char.IsLetterOrDigit)) + " " + AnswerExtraction.Normalise(r.Answer!);
    }

    [Fact]
    public void Cot_EveryFormattedRow_GivesItsAnswerBack()
    {
        var folder = RealData.File("cot");
        var missed = new List<string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*_train.tsv"))
            foreach (var record in RecordReader.Read(file))
            {
                if (record.Rationale is null) continue;
                var output = RationaleFormatter.Apply(record.AsInstruction()!, RationaleUse.RationaleThenAnswer, TrainingCue.None, seed: 1).Record.Output;
                if (AnswerExtraction.Normalise(AnswerExtraction.FinalAnswer(output)) != AnswerExtraction.Normalise(record.Answer!)) missed.Add($"{record.Source}:{record.Row} {record.Answer}");
            }

        Assert.True(missed.Count == 0, $"{missed.Count} answers are not found again, first {missed.FirstOrDefault()}");
    }

    /// <summary>Nothing is put into a prompt unasked; where cues are drawn, each row has one, and the report tells how often each.</summary>
    [Fact]
    public void Prepare_Gsm8kRationales_HoldCuesOnlyWhereTheyAreAskedFor()
    {
        var catalogue = new DatasetCatalogue(RealData.Require());
        (PreparationReport Report, List<string> Prompts) With(TrainingCue cue)
        {
            var spec = new DataSpec { Sources = [new() { Set = "cot-gsm8k", Limit = 400, TrainingCue = cue }] };
            var rows = DataPreview.Rows(catalogue, spec, new ByteTokenizer(), PromptTemplates.Alpaca, 4096, 0, 400);
            return (new DataPreparation(catalogue).Prepare(spec, new ByteTokenizer(), PromptTemplates.Alpaca, 4096, seed: 0).Report, [.. rows.Select(row => row.Prompt)]);
        }
        int WithCue(List<string> prompts) => prompts.Count(prompt => RationaleFormatter.Cues.Any(cue => prompt.Contains(cue, StringComparison.OrdinalIgnoreCase)));

        var (none, flan) = (With(TrainingCue.None), With(new TrainingCue(CueUse.Flan)));
        Assert.Equal((400, 0, 0), (none.Report.RowsKept, WithCue(none.Prompts), none.Report.Cues.Count));
        Assert.Equal((400, 400, 400), (flan.Report.RowsKept, WithCue(flan.Prompts), flan.Report.Cues.Values.Sum()));
        Assert.Equal(CotTemplates.Of("cot-gsm8k", null).Select(pair => pair.Cue).Order(StringComparer.Ordinal), flan.Report.Cues.Keys);
        foreach (var (cue, rows) in flan.Report.Cues) output.WriteLine($"{rows,4} {cue}");
    }

    [Fact]
    public void Prepare_AlpacaAndCot_ReportsWhatItLeftOut()
    {
        var catalogue = new DatasetCatalogue(RealData.Require());
        var spec = new DataSpec { Sources = [new() { Set = "alpaca" }, new() { Set = "cot", Limit = 500, Weight = 2 }, new() { Set = "code-alpaca" }] };

        var data = new DataPreparation(catalogue).Prepare(spec, new ByteTokenizer(), PromptTemplates.Alpaca, 2048, seed: 0);

        Assert.Equal((999, 33_443, 2017), (data.Report.Sources[0].RowsRead, data.Report.Sources[1].RowsRead, data.Report.Sources[2].RowsRead));
        Assert.Equal(2, data.Report.Refused.Single(r => r.Cause == RefusalCause.EmptyAnswer).Count);
        Assert.Equal(data.Examples.Count, data.Report.Examples);
    }
}
