using System.Text.Json.Nodes;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>Questions about tables as a suite.</summary>
public sealed class TableQuestionsTests
{
    [Theory]
    [InlineData("2004", "2004", true)]
    [InlineData("2004.0", "2004", true)]
    [InlineData("Bangkok, Thailand.", "bangkok, thailand", true)]
    [InlineData("b | a", "a | b", true)]
    [InlineData("a", "a | b", false)]
    [InlineData("2005", "2004", false)]
    public void Same_ComparesValues(string found, string target, bool same) => Assert.Equal(same, TableQuestionsSuite.Same(found, target));

    [Fact]
    public void Run_AsksWithTheTableAndScoresEveryFile()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in (string[])["one.jsonl", "two.jsonl"])
            File.WriteAllText(folder[file], string.Join('\n', Enumerable.Range(0, 4).Select(i => $$"""{"table": [["a", "b"], ["{{i}}", "2"]], "statement": "a is {{i}}", "label": {{i % 2}}}""")));
        var suite = Declared.Suite((JsonObject)JsonNode.Parse("""{"suite": "table-questions", "file": ["one.jsonl", "two.jsonl"], "few_shot": 1, "form": "html"}""")!, folder.Path);
        using var model = new SmallModel();

        var result = EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Plain, decoding: new DecodingSettings { MaxNewTokens = 4 })[0];

        Assert.Equal(8, result.Samples.Count);
        Assert.Equal(["one", "two"], suite.Items.Select(item => item.Cell!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(suite.Items, item => Assert.Contains("<table>", item.Instruction, StringComparison.Ordinal));
        Assert.Equal(["denotation_accuracy", "exact_match"], result.Metrics.Select(metric => metric.Name));
    }

    [Fact]
    public void Create_FilesWithoutQuestions_AreToldInOneLine()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["rows.jsonl"], """{"question": "q", "answer": "a"}""");

        var error = Assert.Throws<EvaluationException>(() => Declared.Suite((JsonObject)JsonNode.Parse("""{"suite": "table-questions", "file": "rows.jsonl"}""")!, folder.Path));
        Assert.Contains("has no table", error.Message, StringComparison.Ordinal);
    }
}
