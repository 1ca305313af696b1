using System.Text.Json.Nodes;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using AlpacaCot.Specs;

namespace AlpacaCot.Evaluation.Tests;

public sealed class SuiteTests
{
    private static readonly DecodingSettings _short = new() { MaxNewTokens = 6 };

    [Fact]
    public void Create_UnknownSuiteOrOption_NamesTheKnownOnes()
    {
        Assert.Contains("'goat-arithmetic'", Assert.Throws<EvaluationException>(() => Create("""{"suite": "goat"}""")).Message, StringComparison.Ordinal);
        var suite = Assert.Throws<EvaluationException>(() => Create("""{"suite": "quiz"}"""));
        Assert.Contains("exact-match, goat-arithmetic, log-likelihood, multiple-choice, perplexity", suite.Message, StringComparison.Ordinal);
        var option = Assert.Throws<EvaluationException>(() => Create("""{"suite": "goat-arithmetic", "limits": 3}"""));
        Assert.Contains("'limits'", option.Message, StringComparison.Ordinal);
        Assert.Contains("few_shot, limit", option.Message, StringComparison.Ordinal);
        Assert.Throws<EvaluationException>(() => Create("""{"suite": "goat-arithmetic", "limit": "many"}"""));
        Assert.Throws<EvaluationException>(() => Create("""{"suite": "goat-arithmetic", "operations": ["root"]}"""));
        Assert.Throws<EvaluationException>(() => Create("""{"suite": "perplexity"}"""));
        var missing = Assert.Throws<EvaluationException>(() => Create("""{"suite": "perplexity", "file": "no-such-file.jsonl"}"""));
        Assert.Contains("no-such-file.jsonl", missing.Message, StringComparison.Ordinal);
    }

    /// <summary>What is declared is read: a suite that reads less would take an option and do nothing with it.</summary>
    [Fact]
    public void Configuration_HoldsEveryOptionThatIsDeclared()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["rows.csv"], "question,answer,context,completion,Question,A,B,C,D,Answer,text\nq,1,c,d,Q,w,x,y,z,A,some words\n");
        File.WriteAllText(folder["facts.jsonl"], """{"table": [["a"], ["1"]], "statement": "a is 1", "label": 1}""");
        foreach (var definition in AlpacaCot.Specs.Suites.SuiteCatalogue.All)
        {
            var declaration = new JsonObject { ["suite"] = definition.Name };
            if (definition.Option("file") is not null) declaration["file"] = "rows.csv";
            if (definition.Name == "table-questions") declaration["file"] = "facts.jsonl";
            if (definition.Option("filter_list") is not null) declaration["filter_list"] = JsonNode.Parse("""[{"name": "n", "filter": [{"function": "take_first"}]}]""");
            var suite = Declared.Suite(declaration, folder.Path);
            Assert.Equal(definition.AllOptions.Select(option => option.Name).Append("suite").Order(StringComparer.Ordinal), suite.Configuration.ToJson().Select(option => option.Key).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void GoatArithmetic_Items_HeldOutSpreadOverCellsAndSeeded()
    {
        var suite = Create("""{"suite": "goat-arithmetic", "limit": 60, "digits": [2, 3], "operations": ["add", "subtract"], "noise": false}""");
        Assert.Equal(60, suite.Items.Count);
        Assert.Equal(["add_2", "add_3", "subtract_2", "subtract_3"], suite.Items.Select(i => i.Cell!).Distinct().Order(StringComparer.Ordinal));
        foreach (var item in suite.Items)
        {
            var parts = item.Instruction.Split(' ');
            var question = new GoatQuestion(parts[1] == "+" ? GoatOperation.Add : GoatOperation.Subtract, long.Parse(parts[0]), long.Parse(parts[2]));
            Assert.True(GoatHeldOut.Contains(question), item.Instruction);
            Assert.Equal(question.Answer, item.Target);
        }
        Assert.Equal(suite.Items.Select(i => i.Instruction), Create(suite.Configuration.ToJson().ToJsonString()).Items.Select(i => i.Instruction));
        Assert.NotEqual(suite.Items.Select(i => i.Instruction),
            Create("""{"suite": "goat-arithmetic", "limit": 60, "digits": [2, 3], "noise": false, "seed": 5}""").Items.Select(i => i.Instruction));
    }

    [Fact]
    public void GoatArithmetic_Run_AsksThroughTemplateWithCueAndScoresEveryCell()
    {
        using var model = new SmallModel();
        var suite = Create("""{"suite": "goat-arithmetic", "limit": 24, "digits": [1, 2], "few_shot": 2}""");
        var progress = new List<SuiteProgress>();
        var result = EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Alpaca, cue: "Let's think step by step.", decoding: _short, progress: progress.Add)[0];
        var prompt = result.Samples[0].Arguments[0].Prompt;
        Assert.EndsWith(PromptTemplates.Alpaca.Prompt(CotCue.Append(suite.Items[0].Instruction, "Let's think step by step.")), prompt, StringComparison.Ordinal);
        Assert.Equal(3, prompt.Split("### Response:").Length - 1);
        Assert.Equal(24, result.Cells.Sum(c => c.Count));
        Assert.Equal(["exact_match", "digit_match"], result.Metrics.Select(m => m.Name));
        Assert.Equal(result.Metric("exact_match"), result.Cells.Sum(c => c.Count * c.Metrics[0].Value!.Value) / 24, 1e-9);
        Assert.Equal(24, progress[^1].Done);
        Assert.Equal(result.Hash, EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Alpaca, cue: "Let's think step by step.", decoding: _short)[0].Hash);
    }

    /// <summary>Through a chat template worked examples are turns, the question ends as the template makes the model answer, and what ends an answer there ends it here.</summary>
    [Fact]
    public void GoatArithmetic_ChatTemplate_AsksInTurns()
    {
        using var model = new SmallModel();
        var suite = Create("""{"suite": "goat-arithmetic", "limit": 3, "digits": [1, 2], "few_shot": 2}""");
        var form = ConversationForms.Get("chat:chatml", model.Tokenizer, null);
        var result = EvaluationRunner.Run([suite], model.Engine, template: form, decoding: _short)[0];
        var (prompt, settings) = (result.Samples[0].Arguments[0].Prompt, result.Samples[0].Arguments[0].Second);
        Assert.Equal((3, 2), (prompt.Split("<|im_start|>user\n").Length - 1, prompt.Split("<|im_end|>\n<|im_start|>user").Length - 1));
        Assert.EndsWith($"<|im_start|>user\n{suite.Items[0].Instruction}<|im_end|>\n<|im_start|>assistant\n", prompt, StringComparison.Ordinal);
        Assert.Equal(["<|im_end|>"], settings!["until"]!.AsArray().Select(end => (string)end!));
        Assert.Equal(result.Prompts, suite.Fit(new PromptSettings(model.Tokenizer, form, null), model.Engine.MaxLength, _short.MaxNewTokens));
    }

    [Theory]
    [InlineData("12 + 34 = 46", "46", 1, 1)]
    [InlineData("2+4=6\n1+3=4\n12 + 34 = 46", "46", 1, 1)]
    [InlineData("They make 46 together. The answer is 46.", "46", 1, 1)]
    [InlineData("12 + 34 = 47", "46", 0, 0.5)]
    [InlineData("1,234", "1234", 1, 1)]
    [InlineData("14 / 4 = 3 R 2", "3 R 2", 1, 1)]
    [InlineData("", "46", 0, 0)]
    public void AnswerScoring_Outputs_FinalAnswerAndDigits(string output, string target, double exact, double digits)
    {
        var found = AnswerScoring.Extract("final", output);
        Assert.Equal(exact, found == target ? 1 : 0);
        Assert.Equal(digits, AnswerScoring.DigitMatch(AnswerScoring.Digits(found, target)).GetValue<double>(), 1e-12);
    }

    [Fact]
    public void DigitMatch_Corpus_EditsOverCharacters()
    {
        var metric = Aggregates.DigitMatch([(0, 4), (1, 2), (1, 2)]);
        Assert.Equal(1 - 2.0 / 8, metric.Value!.Value, 1e-12);
        Assert.Equal(Statistics.HarnessErrors.OfMean([0, 1, 0, 1]), Aggregates.DigitMatch([(0, 1), (1, 1), (0, 1), (1, 1)]).StandardError!.Value, 1e-12);
    }

    [Fact]
    public void ExactMatch_File_QuestionsAnswersAndLimit()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder["sums.jsonl"], Enumerable.Range(0, 30).Select(i => $$"""{"q": "What is {{i}} + 1?", "a": "{{i}} + 1 = {{i + 1}}"}"""));
        var suite = Declared.Suite("""{"suite": "exact-match", "name": "sums", "file": "sums.jsonl", "question": "q", "answer": "a", "limit": 7, "few_shot": 3}""", folder.Path);
        using var model = new SmallModel();
        var result = EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Plain, decoding: _short)[0];
        Assert.Equal(("sums", 30, 7), (result.Suite, result.Original, result.Effective));
        // No question is among its own worked examples.
        Assert.All(result.Samples, s => Assert.Equal(1, s.Arguments[0].Prompt.Split(s.Doc["q"]!.GetValue<string>()).Length - 1));
        var wrong = Assert.Throws<EvaluationException>(() => Declared.Suite("""{"suite": "exact-match", "file": "sums.jsonl"}""", folder.Path));
        Assert.Contains("row 1, line 1: has no 'question'; it has q, a", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MultipleChoice_TrainedTemplate_ScoresAnswersAsTheyWereTaught()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["animals.csv"], ",Question,A,B,C,D,Answer\n0,\"Which one, of these, barks?\",cat,dog,cow,hen,B\n1,Which one lays eggs?,cat,dog,cow,hen,D\n");
        File.WriteAllText(folder["plants.csv"], ",Question,A,B,C,D,Answer\n0,Which is a tree?,oak,rose,moss,fern,A\n");
        using var model = new SmallModel();
        var suite = Create($$"""{"suite": "multiple-choice", "file": {{JsonValue.Create(folder.Path).ToJsonString()}}, "answer_mark": "Answer:", "mutual_information": true}""");
        var result = EvaluationRunner.Run([suite], model.Engine, template: PromptTemplates.Alpaca)[0];
        Assert.Equal(["animals", "plants"], result.Cells.Select(c => c.Name));
        Assert.Equal(["acc", "acc_norm", "acc_bytes", "exact_match", "brier_score", "acc_mutual_info"], result.Metrics.Select(m => m.Name));
        Assert.Contains("Which one, of these, barks?\nA. cat\nB. dog\nC. cow\nD. hen\nAnswer:", result.Samples[0].Arguments[0].Prompt, StringComparison.Ordinal);
        Assert.Equal(" B", result.Samples[0].Arguments[1].Second!.GetValue<string>());
        // The engine, asked by hand with the ids of training, gives the sample's figures.
        var prompt = Data.Masking.ExampleBuilder.PromptIds(model.Tokenizer, result.Samples[0].Arguments[0].Prompt);
        var score = model.Engine.LogLikelihoods([new ScoreRequest(prompt, Data.Masking.ExampleBuilder.AnswerIds(model.Tokenizer, " B"))])[0];
        Assert.Equal(score.Sum, result.Samples[0].Responses[1][0]!.GetValue<double>(), 1e-4);
    }

    [Theory]
    [InlineData("""{"suite": "goat-arithmetic", "limit": 3}""")]
    [InlineData("""{"suite": "exact-match", "file": "sums.jsonl", "question": "q", "answer": "a", "limit": 3, "few_shot": 1}""")]
    [InlineData("""{"suite": "multiple-choice", "file": "animals.csv"}""")]
    public void Run_WithCue_EveryPromptHoldsItAndNoneDoesWithout(string declaration)
    {
        const string Cue = "Let's think step by step.";
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder["sums.jsonl"], Enumerable.Range(0, 9).Select(i => $$"""{"q": "What is {{i}} + 1?", "a": "{{i + 1}}"}"""));
        File.WriteAllText(folder["animals.csv"], ",Question,A,B,C,D,Answer\n0,Which one barks?,cat,dog,cow,hen,B\n1,Which one lays eggs?,cat,dog,cow,hen,D\n");
        using var model = new SmallModel();
        foreach (var template in (PromptTemplate?[])[PromptTemplates.Alpaca, null])
        {
            string[] Prompts(string? cue) => [.. EvaluationRunner.Run([Declared.Suite(declaration, folder.Path)], model.Engine, template: template, cue: cue, decoding: _short)[0]
                .Samples.SelectMany(s => s.Arguments).Select(a => a.Prompt)];
            var (with, without) = (Prompts(Cue), Prompts(null));
            Assert.NotEmpty(with);
            Assert.All(with, prompt => Assert.Contains(Cue, prompt, StringComparison.Ordinal));
            Assert.All(without, prompt => Assert.DoesNotContain(Cue, prompt, StringComparison.Ordinal));
            Assert.Equal(with.Length, without.Length);
        }
    }

    [Fact]
    public void Run_TwoSuitesOfOneName_Refused()
    {
        using var model = new SmallModel();
        var suite = Create("""{"suite": "goat-arithmetic", "limit": 2}""");
        Assert.Contains("'name'", Assert.Throws<EvaluationException>(() => EvaluationRunner.Run([suite, suite], model.Engine)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var model = new SmallModel();
        using var cancel = new CancellationTokenSource();
        var suite = Create("""{"suite": "goat-arithmetic", "limit": 50}""");
        Assert.ThrowsAny<OperationCanceledException>(() => EvaluationRunner.Run([suite], model.Engine, decoding: new DecodingSettings { MaxNewTokens = 400, IgnoreEos = true },
            template: PromptTemplates.Goat, progress: _ => cancel.Cancel(), cancellation: cancel.Token));
    }

    private static ISuite Create(string declaration) => Declared.Suite(declaration);

    private static JsonObject Parse(string declaration) => JsonNode.Parse(declaration)!.AsObject();
}
