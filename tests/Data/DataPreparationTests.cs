using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Masking;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class DataPreparationTests : IDisposable
{
    private static readonly ByteTokenizer _tokenizer = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_SameSeed_SameExamplesInTheSameOrder()
    {
        var spec = Spec(new SourceSpec { Path = Rows(100), Weight = 1.5, Limit = 60 }, new SourceSpec { Goat = new GoatOptions { Count = 50 } });

        var (first, again, other) = (Prepare(spec, seed: 1), Prepare(spec, seed: 1), Prepare(spec, seed: 2));

        Assert.Equal(first.ContentHash, again.ContentHash);
        Assert.Equal(first.Examples.Select(e => e.Ids), again.Examples.Select(e => e.Ids));
        Assert.NotEqual(first.ContentHash, other.ContentHash);
        Assert.NotEqual(first.Key, other.Key);
    }

    [Fact]
    public void Prepare_LimitAndWeight_GiveTheStatedCounts()
    {
        var report = Prepare(Spec(new SourceSpec { Path = Rows(100), Limit = 40, Weight = 2 }, new SourceSpec { Goat = new GoatOptions { Count = 1000 }, Weight = 0.5 })).Report;

        Assert.Equal(("rows-100.json", 100, 40, 80), (report.Sources[0].Files[0], report.Sources[0].RowsRead, report.Sources[0].RowsKept, report.Sources[0].Examples));
        Assert.Equal(1000, report.Sources[1].RowsKept);
        Assert.InRange(report.Sources[1].Examples, 430, 570);
        Assert.Equal(report.Sources.Sum(s => s.Examples), report.Examples);
        Assert.Equal(report.Examples, report.Lengths.Sum(bin => bin.Examples));
    }

    [Fact]
    public void Prepare_Limit_SamplesTheWholeSource()
    {
        var rows = new HashSet<int>();
        for (var seed = 0; seed < 30; seed++)
            foreach (var row in DataPreview.Rows(Catalogue(), Spec(new SourceSpec { Path = Rows(100), Limit = 10 }), _tokenizer, PromptTemplates.Alpaca, 512, seed, 10)) rows.Add(row.Row);

        Assert.True(rows.Count > 80, $"30 samples of 10 of 100 rows met only {rows.Count} rows");
    }

    [Fact]
    public void Prepare_SourceSeed_KeepsTheSampleUnderAnotherRunSeed()
    {
        var spec = Spec(new SourceSpec { Path = Rows(100), Limit = 10, Seed = 9 });

        Assert.Equal(Texts(Prepare(spec, seed: 1)), Texts(Prepare(spec, seed: 2)));

        static IEnumerable<string> Texts(PreparedData data) => data.Examples.Select(e => _tokenizer.Decode(e.Ids)).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Prepare_RowsThatTeachNothing_AreCountedByCauseWithTheirPlace()
    {
        File.WriteAllText(_folder["bad.json"], $$"""
            [{"instruction": "a", "output": "b"}, {"instruction": "a", "output": " "}, {"instruction": "", "output": "b"},
             {"instruction": "{{new string('x', 300)}}", "output": "b"}, {"instruction": "a", "output": "{{new string('y', 300)}}"}, {"instruction": "a", "output": "b"}]
            """);

        var report = Prepare(Spec(new SourceSpec { Path = _folder["bad.json"] }), cutoff: 250).Report;

        Assert.Equal((6, 3, 1, 1), (report.RowsRead, report.RowsKept, report.Truncated, report.Duplicates));
        Assert.Equal(["bad.json:6"], report.FirstDuplicates);
        Assert.Equal(
            [(RefusalCause.EmptyAnswer, "bad.json:2"), (RefusalCause.EmptyPrompt, "bad.json:3"), (RefusalCause.PromptFillsCutoff, "bad.json:4")],
            report.Refused.Select(r => (r.Cause, Assert.Single(r.FirstRows))));
        Assert.Equal(250, report.LongestTokens);
        Assert.InRange(report.LongestWholeTokens, 400, 600);
        Assert.InRange(report.SupervisedShare, 0.01, 0.99);
    }

    [Fact]
    public void Prepare_UnusualRowsAndFiles_AreRemarkedOn()
    {
        File.WriteAllText(_folder["escaped.json"], """[{"instruction": "Which?\\nOptions:\\n- a", "output": "a"}, {"instruction": "", "input": "x", "output": "y"}]""");
        File.WriteAllText(_folder["code.json"], "[" + string.Join(",", Enumerable.Range(0, 30).Select(i => $$"""{"instruction": "print {{i}}", "output": "{{(i == 4 ? @"print(\\n)" : "x")}}"}""")) + "]");
        File.WriteAllText(_folder["header.tsv"], "question\tanswer\trationale\nHow many?\t3\tbecause 3\n");

        var made = Prepare(Spec(new SourceSpec { Path = _folder["escaped.json"] }, new SourceSpec { Path = _folder["code.json"] }, new SourceSpec { Path = _folder["header.tsv"] }), cache: true);

        Assert.Equal((33, 3), (made.Report.RowsKept, made.Report.Remarks.Count));
        Assert.Contains("header.tsv: line 1 is a header", made.Report.Remarks[0], StringComparison.Ordinal);
        Assert.Contains("escaped.json: 1 of 2 rows hold the two characters \\n", made.Report.Remarks[1], StringComparison.Ordinal);
        Assert.Contains("1 row has an empty instruction (escaped.json:2)", made.Report.Remarks[2], StringComparison.Ordinal);
        Assert.Equal(made.Report.Remarks, Prepare(Spec(new SourceSpec { Path = _folder["escaped.json"] }, new SourceSpec { Path = _folder["code.json"] }, new SourceSpec { Path = _folder["header.tsv"] }), cache: true).Report.Remarks);
    }

    [Fact]
    public void Prepare_NothingLeft_SaysWhyInOneLine()
    {
        var error = Assert.Throws<DatasetException>(() => Prepare(Spec(new SourceSpec { Path = Rows(2) }), cutoff: 20));

        Assert.Equal("data test: no row teaches anything: 2 whose prompt fills cutoff_len (rows-2.json:1, rows-2.json:2)", error.Message);
    }

    [Fact]
    public void Prepare_SecondTime_ComesFromTheCacheUnchanged()
    {
        var spec = Spec(new SourceSpec { Path = Rows(40), Weight = 2 });
        var made = Prepare(spec, cache: true);
        var cached = Prepare(spec, cache: true);

        Assert.False(made.FromCache);
        Assert.True(cached.FromCache);
        Assert.Equal((made.Key, made.ContentHash), (cached.Key, cached.ContentHash));
        Assert.Equal(made.Examples.Select(e => e.Ids), cached.Examples.Select(e => e.Ids));
        Assert.Equal(made.Examples.Select(e => e.Labels), cached.Examples.Select(e => e.Labels));
        Assert.Equivalent(made.Report, cached.Report, strict: true);
        Assert.Equal([made.Key], Directory.EnumerateFiles(_folder["cache"]).Select(Path.GetFileName));
    }

    [Fact]
    public void Prepare_OneRowChanged_OtherKeyAndOtherContent()
    {
        var spec = Spec(new SourceSpec { Path = Rows(20) });
        var made = Prepare(spec, cache: true);
        File.WriteAllText(Rows(20), File.ReadAllText(Rows(20)).Replace("answer 7\"", "answer 8\"", StringComparison.Ordinal));
        var changed = Prepare(spec, cache: true);

        Assert.False(changed.FromCache);
        Assert.NotEqual(made.Key, changed.Key);
        Assert.NotEqual(made.ContentHash, changed.ContentHash);
        Assert.Equal(1, made.Examples.Zip(changed.Examples).Count(pair => !pair.First.Ids.SequenceEqual(pair.Second.Ids)));
    }

    [Fact]
    public void ContentHash_LabelsOrBoundariesAlone_ChangeIt()
    {
        string[] hashes =
        [
            ContentHasher.Of([new Example([1, 2, 3], [-100, 2, 3])], [0, 1]),
            ContentHasher.Of([new Example([1, 2, 3], [-100, -100, 3])], [0, 1]),
            ContentHasher.Of([new Example([1, 2], [-100, 2]), new Example([3], [3])], [0, 1]),
            ContentHasher.Of([new Example([3], [3]), new Example([1, 2], [-100, 2])], [0, 1]),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(-1)]
    [InlineData(-40)]
    public void Prepare_DamagedCache_IsMadeAgain(int at)
    {
        var spec = Spec(new SourceSpec { Path = Rows(20) });
        var made = Prepare(spec, cache: true);
        var file = Path.Combine(_folder["cache"], made.Key);
        var bytes = File.ReadAllBytes(file);
        bytes[at < 0 ? bytes.Length + at : at] ^= 1;
        File.WriteAllBytes(file, bytes);

        var again = Prepare(spec, cache: true);

        Assert.False(again.FromCache);
        Assert.Equal(made.ContentHash, again.ContentHash);
        Assert.True(Prepare(spec, cache: true).FromCache);
    }

    [Fact]
    public void Prepare_TruncatedCache_IsMadeAgain()
    {
        var spec = Spec(new SourceSpec { Path = Rows(20) });
        var file = Path.Combine(_folder["cache"], Prepare(spec, cache: true).Key);
        foreach (var length in (int[])[0, 5, 19, 60])
        {
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..length]);

            Assert.False(Prepare(spec, cache: true).FromCache);
        }
    }

    [Fact]
    public void Key_AnythingThatChangesExamples_ChangesIt()
    {
        var path = Rows(20);
        var spec = Spec(new SourceSpec { Path = path });
        var keys = new List<string>
        {
            Prepare(spec).Key,
            Prepare(spec, cutoff: 500).Key,
            Prepare(spec, seed: 4).Key,
            Prepare(spec, template: PromptTemplates.AlpacaShort).Key,
            Prepare(Spec(new SourceSpec { Path = path, Weight = 3 })).Key,
            Prepare(Spec(new SourceSpec { Path = path, TrainingCue = TrainingCue.Of("Think.") })).Key,
            Prepare(Spec(new SourceSpec { Path = path, Cot = RationaleUse.Answer })).Key,
            new DataPreparation(Catalogue()).Prepare(spec, new ByteTokenizer(addsEos: true), PromptTemplates.Alpaca, 512, 0).Key,
        };
        File.AppendAllText(path, " ");
        keys.Add(Prepare(spec).Key);

        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal(keys[^1], Prepare(spec with { Name = "renamed", Template = "own" }).Key);
    }

    [Fact]
    public void Preview_Spans_SpellTheExampleAndShowWhatIsLearnt()
    {
        File.WriteAllText(_folder["one.json"], """[{"instruction": "Grüße?", "output": "你好 😀"}]""");

        var row = Assert.Single(DataPreview.Rows(Catalogue(), Spec(new SourceSpec { Path = _folder["one.json"] }), _tokenizer, PromptTemplates.Plain, 100, 0, 5));

        Assert.Equal([("<s>Grüße?\n", false), ("你好 😀</s>", true)], row.Spans.Select(span => (span.Text, span.Learnt)));
        Assert.Equal(row.Tokens.Count, row.Spans.Sum(span => span.Tokens));
        Assert.Equal(("Grüße?\n", "你好 😀"), (row.Prompt, row.Response));
    }

    [Fact]
    public void Inspect_ManySources_FindsAllMistakesAtOnce()
    {
        File.WriteAllText(_folder["broken.json"], "[{");
        var spec = Spec(new SourceSpec { Path = Rows(7) }, new SourceSpec { Path = _folder["none.json"] }, new SourceSpec { Path = _folder["broken.json"] },
            new SourceSpec { Goat = new GoatOptions { Count = 20 } }, new SourceSpec { Goat = new GoatOptions { Count = 2000, MaxDigits = 1 } });

        var found = new SourceInspection(Catalogue(), [], new Dictionary<string, QuestionSet>()).Inspect(spec);

        Assert.Equal([(true, 7, false), (false, 0, true), (true, 0, true), (true, 20, false), (true, 0, true)], found.Select(f => (f.Exists, f.Rows, f.Error is not null)));
        Assert.All(found, f => Assert.Equal(f.Error is null, f.ContentHash is not null));
    }

    [Fact]
    public void Prepare_Cancelled_Stops()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.Throws<OperationCanceledException>(
            () => new DataPreparation(Catalogue()).Prepare(Spec(new SourceSpec { Path = Rows(5) }), _tokenizer, PromptTemplates.Alpaca, 512, 0, source.Token));
    }

    private PreparedData Prepare(DataSpec spec, int cutoff = 512, long seed = 0, PromptTemplate? template = null, bool cache = false)
        => new DataPreparation(Catalogue(), cache ? _folder["cache"] : null).Prepare(spec, _tokenizer, template ?? PromptTemplates.Alpaca, cutoff, seed);

    private static DatasetCatalogue Catalogue() => new();

    private static DataSpec Spec(params SourceSpec[] sources) => new() { Name = "test", Sources = sources };

    private string Rows(int count)
    {
        var path = _folder[$"rows-{count}.json"];
        if (!File.Exists(path))
            File.WriteAllText(path, "[" + string.Join(",", Enumerable.Range(0, count).Select(i => $$"""{"instruction": "question {{i}}", "output": "answer {{i}}"}""")) + "]");
        return path;
    }
}
