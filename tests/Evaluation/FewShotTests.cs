using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation.Tests;

public sealed class FewShotTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Draw_EqualRows_AreNeverTheQuestionsOwnExamples(bool firstN)
    {
        string[] pool = ["a", "a", "a", "b", "c", "a ", "d"];
        for (var seed = 0; seed < 50; seed++)
        {
            var drawn = FewShot.Draw(pool, pool.Length, 2, seed, firstN, ownRows: true, (q, example) => FewShot.SameText(pool[q], example));
            for (var q = 0; q < pool.Length; q++)
            {
                Assert.Equal(2, drawn[q].Count);
                Assert.DoesNotContain(drawn[q], example => example.Trim() == pool[q].Trim());
            }
        }
    }

    [Fact]
    public void Draw_ReplacedExamples_LeaveOtherQuestionsDrawsAsTheyAre()
    {
        string[] different = ["a", "b", "c", "d", "e", "f"], equal = ["a", "a", "a", "d", "e", "f"];
        IReadOnlyList<IReadOnlyList<int>> Draw(string[] rows) => FewShot.Draw([.. Enumerable.Range(0, 6)], 6, 2, 7, firstN: false, ownRows: true, (q, example) => rows[q] == rows[example]);

        Assert.Equal(Draw(different).Skip(3), Draw(equal).Skip(3));
        Assert.NotEqual(Draw(different), Draw(equal));
    }

    [Fact]
    public void Draw_NothingButEqualRows_NamesTheQuestion()
        => Assert.Contains("question 1", Assert.Throws<EvaluationException>(() => FewShot.Draw(["a", "a", "a"], 3, 1, 0, firstN: false, ownRows: true, (_, _) => true)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "few_shot": 1}""")]
    [InlineData("""{"suite": "exact-match", "file": "q.jsonl", "few_shot": 1, "few_shot_file": "q.jsonl", "few_shot_order": "first"}""")]
    [InlineData("""{"suite": "log-likelihood", "file": "q.jsonl", "few_shot": 1, "question": "question", "answer": "answer"}""")]
    public void Run_EqualRowInTheFile_ItsAnswerIsNotShown(string declaration)
    {
        using var folder = new TemporaryFolder();
        using var model = new SmallModel();
        File.WriteAllLines(folder["q.jsonl"],
            ["""{"question": "Once upon a time", "answer": "leaked"}""", """{"question": "Once  upon a time ", "answer": "leaked"}""", """{"question": "b", "answer": "y"}"""]);

        var result = EvaluationRunner.Run([Declared.Suite(declaration, folder.Path)], model.Engine, template: PromptTemplates.Plain, decoding: new DecodingSettings { MaxNewTokens = 2 })[0];

        Assert.All(result.Samples.Take(2), sample => Assert.DoesNotContain("leaked", sample.Arguments[0].Prompt, StringComparison.Ordinal));
    }

    [Fact]
    public void MultipleChoice_EqualQuestionWithOtherOptions_MayBeAnExample()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["q.csv"], "Question,A,B,Answer\nWhich is true?,cats bark,dogs bark,B\nWhich is true?,hens bark,hens lay,B\nWhich is true?,cats bark,dogs bark,B\n");

        var suite = Declared.Suite("""{"suite": "multiple-choice", "file": "q.csv", "choices": ["A", "B"], "form": "options", "few_shot": 1, "answer_mark": ""}""", folder.Path);
        using var model = new SmallModel();
        var result = EvaluationRunner.Run([suite], model.Engine)[0];

        Assert.Contains("hens lay", result.Samples[0].Arguments[0].Prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("dogs bark", result.Samples[2].Arguments[0].Prompt, StringComparison.Ordinal);
        Assert.Contains("dogs bark", result.Samples[1].Arguments[0].Prompt, StringComparison.Ordinal);
    }
}
