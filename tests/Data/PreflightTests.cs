using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preflight;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>What the pre-flight report finds before any weight is loaded.</summary>
public sealed class PreflightTests : IDisposable
{
    private const string Long = "The quick brown fox jumps over the lazy dog near the river bank while the sun sets slowly behind the distant mountains and birds fly home";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Report_RowsWithEveryDefect_CountsEachWithItsRows()
    {
        var rows = new (string Instruction, string Output)[]
        {
            ("Tell me a story.", Long), ("Tell me a story.", Long), ("Tell me a story.", Long + "!"), ("Tell me a story!", Long.Replace("sun", "moon", StringComparison.Ordinal)),
            ("Say nothing.", ""), ("", "Something."), ("问题是什么？", "这是一个关于数据质量的问题，答案很简单。"), (new string('x', 700), "y"), ("a", "b"),
        };
        File.WriteAllLines(_folder["rows.jsonl"], rows.Select(row => System.Text.Json.JsonSerializer.Serialize(new { instruction = row.Instruction, output = row.Output })));

        var report = Report(new DataSpec { Sources = [new() { Path = _folder["rows.jsonl"] }] }, 600);

        Assert.Equal((9, 6), (report.RowsRead, report.RowsKept));
        Assert.Equal(["EmptyAnswer rows.jsonl:5", "EmptyPrompt rows.jsonl:6", "PromptFillsCutoff rows.jsonl:8"], report.Refused.Select(refusal => $"{refusal.Cause} {string.Join(' ', refusal.FirstRows)}"));
        Assert.Equal(["rows.jsonl:2"], report.FirstDuplicates);
        Assert.Equal(["rows.jsonl:3 ≈ rows.jsonl:1", "rows.jsonl:4 ≈ rows.jsonl:1"], report.FirstNearDuplicates);
        Assert.Equal((2, 5, 1), (report.NearDuplicates, report.Languages["latin"], report.Languages["zh"]));
        Assert.Equal(report.Examples, report.Lengths.Sum(bin => bin.Examples));
    }

    [Fact]
    public void Prepare_BadRows_AreSkippedWithTheirPlacesOrRefused()
    {
        File.WriteAllText(_folder["rows.jsonl"], "{\"instruction\": \"a\", \"output\": \"b\"}\n{\"instruction\": \"cut\n{\"instruction\": 7}\n{\"instruction\": \"nul \\u0000\", \"output\": \"c\"}\n");
        var spec = new DataSpec { Sources = [new() { Path = _folder["rows.jsonl"] }] };

        var report = Report(spec with { BadRows = BadRows.Skip }, 600);

        Assert.Equal((2, 2), (report.RowsKept, report.Sources[0].Skipped));
        Assert.Contains(report.Remarks, remark => remark.Contains("row 2, line 2", StringComparison.Ordinal));
        Assert.Contains("2 rows are wrong", Assert.Throws<DatasetException>(() => Report(spec, 600)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Before that, the quick, brown FOX jumps over the lazy dog near the river bank - and so on.", true)]
    [InlineData("the quick brown fox jumps over the lazy dog near the lake", false)]
    public void TextOverlap_RunOfThirteenWords_IsFoundWhateverItsPunctuation(string text, bool found)
        => Assert.Equal(found, new TextOverlap([Long]).IsIn(new Conversation([new Turn(TurnRole.User, text)], "t", 1)));

    [Fact]
    public void TextOverlap_ChineseText_CountsCharacters()
    {
        var overlap = new TextOverlap(["下列关于细胞结构与功能的叙述中正确的是哪一项"]);
        Assert.True(overlap.IsIn(new Conversation([new Turn(TurnRole.User, "请问：关于细胞结构与功能的叙述中，正确的是？")], "t", 1)));
        Assert.False(overlap.IsIn(new Conversation([new Turn(TurnRole.User, "关于细胞结构的叙述")], "t", 1)));
    }

    [Fact]
    public void Inspect_RowsThatShareRunsWithQuestions_AreToldApartFromTheQuestionsThemselves()
    {
        File.WriteAllText(_folder["rows.json"], System.Text.Json.JsonSerializer.Serialize(new[] { new { instruction = Long, output = "x" }, new { instruction = $"Note: {Long}", output = "x" }, new { instruction = "other", output = "x" } }));

        var finding = new SourceInspection(new DatasetCatalogue(), [], new Dictionary<string, QuestionSet> { ["suite"] = new([Long]) }).Inspect(new DataSpec { Sources = [new() { Path = _folder["rows.json"] }] })[0];

        Assert.Equal(1, finding.Questions["suite"]);
        Assert.EndsWith("1 row shares 13 words in a row with questions of suite, the first rows.json:2", Assert.Single(finding.Overlaps), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hello there", "latin")]
    [InlineData("你好，world", "zh")]
    [InlineData("これは日本語の文章です", "ja")]
    [InlineData("안녕하세요", "ko")]
    [InlineData("Привет", "ru")]
    [InlineData("123 + 4", "none")]
    public void LanguageOf_Scripts_AreToldApart(string text, string language) => Assert.Equal(language, RowFeatures.LanguageOf(text));

    [Fact]
    public void FingerprintSet_BeyondItsLimit_ComparesWithWhatItHolds()
    {
        var set = new FingerprintSet(most: 5000);
        for (var i = 0UL; i < 5000; i++) Assert.True(set.Add(i * 0x9E3779B97F4A7C15));
        Assert.False(set.IsPartial);
        for (var i = 0UL; i < 5000; i++) Assert.False(set.Add(i * 0x9E3779B97F4A7C15));
        Assert.True(set.Add(7));
        Assert.True(set.Add(7));
        Assert.True(set.IsPartial);
    }

    [Fact]
    public void Fingerprint_SameCharactersInOtherPlaces_Differs()
    {
        ulong Of(params Turn[] turns) => RowFeatures.Of(new Conversation(turns, "t", 1)).Fingerprint;
        ulong[] prints =
        [
            Of(new Turn(TurnRole.User, "ab"), new Turn(TurnRole.Assistant, "c")), Of(new Turn(TurnRole.User, "a"), new Turn(TurnRole.Assistant, "bc")), Of(new Turn(TurnRole.User, "a") { Input = "b" }, new Turn(TurnRole.Assistant, "c")),
            Of(new Turn(TurnRole.User, "a"), new Turn(TurnRole.Assistant, "b"), new Turn(TurnRole.Tool, "c")), Of(new Turn(TurnRole.User, "a"), new Turn(TurnRole.Assistant, "b"), new Turn(TurnRole.User, "c")), Of(new Turn(TurnRole.User, "")), Of(),
        ];
        Assert.Equal(prints.Length, prints.Distinct().Count());
    }

    [Fact]
    public void Similarity_OfSignatures_IsNearTheSharedShingles()
    {
        var half = Long[..(Long.Length / 2)] + string.Concat(Long[(Long.Length / 2)..].Reverse());
        Assert.Equal(1, MinHash.Similarity(MinHash.Signature(Long)!, MinHash.Signature(Long.ToUpperInvariant())!));
        Assert.InRange(MinHash.Similarity(MinHash.Signature(Long)!, MinHash.Signature(half)!), 0.05, 0.7);
        Assert.Null(MinHash.Signature("too short to tell"));
    }

    private static PreparationReport Report(DataSpec spec, int cutoff) => new DataPreparation(new DatasetCatalogue()).Prepare(spec, new ByteTokenizer(), PromptTemplates.Plain, cutoff, 0).Report;
}
