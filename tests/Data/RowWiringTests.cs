using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Settings of a source and parts of a template arrive in the examples that are trained on.</summary>
public sealed class RowWiringTests : IDisposable
{
    private static readonly ByteTokenizer _tokenizer = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_SourceWithACue_ItIsPartOfThePrompt()
    {
        var text = Text(new SourceSpec { Path = Rows(1), TrainingCue = TrainingCue.Of("Think hard.") });
        Assert.Contains("question 0 Think hard.\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_SourceThatWantsAnswersOnly_OverridesTheWholeSet()
    {
        File.WriteAllText(_folder["cot.tsv"], "Is it so?\tno\tBecause of that.\n");
        Assert.DoesNotContain("Because of that.", Text(new SourceSpec { Path = _folder["cot.tsv"], Cot = RationaleUse.Answer }), StringComparison.Ordinal);
        Assert.Contains("Because of that.", Text(new SourceSpec { Path = _folder["cot.tsv"] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_ResponsePrefix_StandsBeforeTheAnswer()
        => Assert.EndsWith("### Response: answer 0</s>", Text(new SourceSpec { Path = Rows(1) }), StringComparison.Ordinal);

    [Fact]
    public void Prepare_OtherSeed_SameRowsInAnotherOrder()
    {
        var (first, second) = (Prepare(new SourceSpec { Path = Rows(50) }, 1), Prepare(new SourceSpec { Path = Rows(50) }, 2));
        var (a, b) = (Texts(first), Texts(second));
        Assert.NotEqual(a, b);
        Assert.Equal(a.Order(StringComparer.Ordinal), b.Order(StringComparer.Ordinal));
        Assert.NotEqual(Enumerable.Range(0, 50).Select(i => $"answer {i}</s>"), a.Select(text => text[text.IndexOf("answer", StringComparison.Ordinal)..]));
    }

    [Fact]
    public void Hash_OfATemplate_CoversEveryPartAndItsBorders()
    {
        string[] hashes =
        [
            new PromptTemplate("t", "a{input}", "b", " ", "").Hash, new PromptTemplate("t", "a{input}", "b", "", "").Hash,
            new PromptTemplate("t", "a{input}", "b ", "", "").Hash, new PromptTemplate("t", "a{input}b", "", " ", "").Hash, new PromptTemplate("t", "a", "b", " ", "").Hash,
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], new PromptTemplate("renamed", "a{input}", "b", " ", "###").Hash);
    }

    [Fact]
    public void Generate_WithoutNoise_AsksTheBareExpression()
        => Assert.All(GoatGenerator.Generate(new GoatOptions { Count = 30, Noise = false }, 1), item => Assert.Equal(item.Question.Expression, item.Record.Instruction));

    private PreparedData Prepare(SourceSpec source, long seed = 0)
        => new DataPreparation(new DatasetCatalogue()).Prepare(new DataSpec { Name = "d", Sources = [source] }, _tokenizer, PromptTemplates.Alpaca, 1024, seed);

    private static string[] Texts(PreparedData data) => [.. data.Examples.Select(e => _tokenizer.Decode(e.Ids))];

    private string Text(SourceSpec source) => Assert.Single(Texts(Prepare(source)));

    private string Rows(int count)
    {
        File.WriteAllText(_folder["rows.json"], "[" + string.Join(",", Enumerable.Range(0, count).Select(i => $$"""{"instruction": "question {{i}}", "output": "answer {{i}}"}""")) + "]");
        return _folder["rows.json"];
    }
}
