using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.CommandLine;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>The one-shot tools as the command line calls them: what they answer, what they remark on, what they refuse.</summary>
public sealed class ToolTests : IDisposable
{
    private const string Rows = """[{"instruction": "1+2", "output": "3"}, {"instruction": "2+2", "output": "4"}, {"instruction": "1+2", "output": "3"}, {"instruction": "3+3", "output": ""}, {"instruction": "4+4", "output": "888888888888888888888888888888888888888888888888"}]""";
    private readonly TinyPack _pack = new();
    private readonly string _data;

    public ToolTests()
    {
        _data = _pack["rows.json"];
        File.WriteAllText(_data, Rows);
    }

    public void Dispose() => _pack.Dispose();

    /// <summary>The seed decides A's start, the order of the rows and dropout: another seed, another adapter; the same, the same bytes.</summary>
    [Fact]
    public void Train_Seed_DecidesTheAdapter()
    {
        byte[] Weights(string name, int seed)
        {
            Train(name, ("seed", seed), ("max_steps", 3), ("batch_size", 2));
            return File.ReadAllBytes(Path.Combine(_pack[name], AdapterDirectory.WeightsFile));
        }
        var first = Weights("a", 1);
        Assert.Equal(first, Weights("b", 1));
        Assert.NotEqual(first, Weights("c", 2));
        Assert.NotEqual(first, Weights("d", 0));
    }

    /// <summary>Before rows are prepared, which may take long: these could not be, which would be told instead.</summary>
    [Fact]
    public void Train_TargetThatTheBaseDoesNotHave_IsRefusedFirst()
    {
        File.WriteAllText(_data, "no rows");
        Assert.Contains("its projections are q_proj, k_proj", Assert.Throws<AdapterException>(() => Train("a", ("targets", "query"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora", "all-linear")]
    [InlineData("lora", "lm_head")]
    [InlineData("ln_tuning", "input_layernorm")]
    public void Train_TargetsOfTheirOwnKind_AreTrained(string method, string targets)
    {
        Train("a", ("method", method), ("targets", targets), ("max_steps", 1));
        Assert.True(File.Exists(Path.Combine(_pack["a"], AdapterDirectory.WeightsFile)));
    }

    [Fact]
    public void Train_RowsDroppedCutAndTwice_SaidOnceAndInTheAnswer()
    {
        var ran = Train("a", ("cutoff_len", 24));
        Assert.Contains(ran.Remarks, r => r.StartsWith("1 row of 5 dropped: the answer is empty (rows.json:4)", StringComparison.Ordinal));
        Assert.Contains(ran.Remarks, r => r.StartsWith("1 row of 5 cut to cutoff_len 24", StringComparison.Ordinal));
        Assert.Contains(ran.Remarks, r => r.StartsWith("1 row of 5 kept though equal to an earlier one (rows.json:3)", StringComparison.Ordinal));
        Assert.Equal(ran.Remarks.Distinct(), ran.Remarks);
        Assert.Equal(ran.Remarks, ran.Answer["remarks"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public void Train_NothingOdd_RemarksAreAnEmptyList()
    {
        File.WriteAllText(_data, """[{"instruction": "1+2", "output": "3"}, {"instruction": "2+2", "output": "4"}]""");
        var ran = Train("a");
        Assert.Empty(ran.Remarks);
        Assert.Empty(ran.Answer["remarks"]!.AsArray());
    }

    [Fact]
    public void Train_RowBeyondThePositions_IsRemarked()
    {
        File.WriteAllText(_data, $$"""[{"instruction": "1+2", "output": "{{new string('7', 600)}}"}, {"instruction": "2+2", "output": "4"}]""");
        Assert.Contains(Train("a", ("cutoff_len", 4096)).Remarks, r => r.Contains("1 of 2 examples are longer than the 256 positions", StringComparison.Ordinal));
        Assert.DoesNotContain(Train("b", ("cutoff_len", 256)).Remarks, r => r.Contains("positions", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("linear", 1, 0.5, "nothing is learnt")]
    [InlineData("cosine", 1, 1.0, "nothing is learnt")]
    [InlineData("linear", 3, 1.0, "covers the whole run of 3")]
    [InlineData("linear", 3, 0.5, null)]
    [InlineData("linear", 1, 0.0, null)]
    [InlineData("constant_with_warmup", 2, 1.0, "covers the whole run of 2")]
    public void Train_WarmUpOfTheWholeRun_IsRemarked(string schedule, int steps, double ratio, string? says)
    {
        var remarks = Train("a", ("schedule", schedule), ("max_steps", steps), ("warmup_ratio", ratio)).Remarks.Where(r => r.Contains("warm-up", StringComparison.Ordinal)).ToList();
        if (says is null) Assert.Empty(remarks);
        else Assert.Contains(says, Assert.Single(remarks), StringComparison.Ordinal);
        using var decoder = ModelDirectory.Load(_pack["models/tiny"]);
        using var adapter = AdapterDirectory.Load(decoder, _pack["a"]);
        // B starts at zero: whether something was learnt shows in it.
        Assert.Equal(says == "nothing is learnt", adapter.Parameters.Where(p => p.Key.Contains("lora_B", StringComparison.Ordinal)).All(p => Kernels.TensorData.ToArray<float>(p.Value).All(x => x == 0)));
    }

    [Theory]
    [InlineData("all-linear", 14)]
    [InlineData(".*(q|v)_proj", 4)]
    [InlineData("q_proj", 2)]
    [InlineData("self_attn.k_proj", 2)]
    public void Train_Targets_AsASweepTakesThem(string targets, int modules)
    {
        Train("a", ("targets", new JsonArray(targets)));
        using var decoder = ModelDirectory.Load(_pack["models/tiny"]);
        using var adapter = AdapterDirectory.Load(decoder, _pack["a"]);
        Assert.Equal(modules, adapter.Targets.Count);
    }

    [Fact]
    public void Train_TargetsAndRankWithoutEffect_AreRemarked()
    {
        var remarks = Train("a", ("targets", new JsonArray("q_proj", "W_pack")), ("r", 64)).Remarks;
        Assert.Contains(remarks, r => r.Contains("'W_pack' matches no projection", StringComparison.Ordinal));
        Assert.Contains(remarks, r => r.Contains("the rank 64 is above the width 32", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("batch_size", 0)]
    [InlineData("batch_size", -1)]
    [InlineData("max_steps", 0)]
    [InlineData("max_steps", -5)]
    [InlineData("epochs", 0)]
    [InlineData("r", 0)]
    [InlineData("alpha", 0)]
    [InlineData("dropout", 1)]
    [InlineData("cutoff_len", 0)]
    [InlineData("warmup_ratio", 1.5)]
    [InlineData("warmup_ratio", -0.1)]
    [InlineData("learning_rate", -1e-3)]
    public void Train_NumberOutOfBounds_RefusedByName(string option, double value)
    {
        var error = Assert.Throws<ToolException>(() => Train("a", (option, value == Math.Floor(value) ? JsonValue.Create((int)value) : JsonValue.Create(value)))).Message;
        Assert.Contains(option.Replace('_', '-'), error.Replace('_', '-'), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_pack["a"]));
    }

    [Fact]
    public void Generate_TopPOnGreedyDecoding_RefusedAsASweepDoes()
        => Assert.Contains("top", Assert.Throws<ToolException>(() => Run("generate", new JsonObject { ["model"] = "tiny", ["prompt"] = "1", ["top_p"] = 0.5 })).Message, StringComparison.Ordinal);

    [Fact]
    public void Generate_BeamsAndLogprobs_TellsEveryAnswer()
    {
        var ran = Run("generate", new JsonObject { ["model"] = "tiny", ["prompt"] = "1+2", ["num_beams"] = 3, ["num_return_sequences"] = 2, ["max_new_tokens"] = 4, ["logprobs"] = 2 });
        var answers = ran.Answer["answers"]!.AsArray();
        Assert.Equal(2, answers.Count);
        Assert.True((double)answers[0]!["score"]! >= (double)answers[1]!["score"]!);
        Assert.Equal(((string?)ran.Answer["text"], answers[0]!["ids"]!.ToJsonString()), ((string?)answers[0]!["text"], ran.Answer["ids"]!.ToJsonString()));
        Assert.All(answers, answer => Assert.Equal(answer!["ids"]!.AsArray().Count, answer["logprobs"]!.AsArray().Count));
        Assert.Equal(2, answers[0]!["logprobs"]![0]!["top"]!.AsArray().Count);
        Assert.Contains("[2] 1+2", ran.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_ChatTemplate_TheModelsOwnOrANamedOne()
    {
        JsonObject Ask(params (string Key, JsonNode Value)[] more)
        {
            var options = new JsonObject { ["model"] = "tiny", ["prompt"] = "1+2", ["max_new_tokens"] = 3 };
            foreach (var (key, value) in more) options[key] = value;
            return Run("generate", options).Answer;
        }

        Assert.Contains("--chat-template alpaca, vicuna", Assert.Throws<ToolException>(() => Ask(("chat", true))).Message, StringComparison.Ordinal);
        Assert.Contains("known: alpaca", Assert.Throws<Data.DatasetException>(() => Ask(("chat_template", "none"))).Message, StringComparison.Ordinal);
        var plain = (int)Ask()["prompt_tokens"]!;
        var named = Ask(("chat_template", "chatml"));
        Assert.True((int)named["prompt_tokens"]! > plain);
        Assert.Equal((string?)named["continuation"], (string?)named["text"]);
        Assert.True((int)Ask(("chat_template", "chatml"), ("system", "Be kind."))["prompt_tokens"]! > (int)named["prompt_tokens"]!);
        File.WriteAllText(Path.Combine(_pack["models/tiny"], "chat_template.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
        Assert.InRange((int)Ask(("chat", true))["prompt_tokens"]!, 1, plain);
        Train("a");
        Assert.Contains("leave --chat", Assert.Throws<ToolException>(() => Ask(("chat", true), ("adapter", _pack["a"]))).Message, StringComparison.Ordinal);
    }

    /// <summary>The folder that a merge writes answers as base and adapter did: the template goes with it and is applied.</summary>
    [Fact]
    public void Merge_AdapterWithATemplate_MergedFolderAnswersAlike()
    {
        Train("a", ("max_steps", 12), ("learning_rate", 0.05), ("template", "goat"));
        var merge = Run("merge", new JsonObject { ["model"] = "tiny", ["adapter"] = _pack["a"], ["out"] = _pack["merged"] });
        Assert.Equal(1e-3, (double)merge.Answer["tolerance"]!);
        Assert.InRange((double)merge.Answer["relative"]!, 0, 1e-3);
        Assert.Contains("differ by at most", merge.Text, StringComparison.Ordinal);
        Assert.NotNull(TemplateFile.Load(_pack["merged"]));

        JsonObject Ask(string model, string? adapter, bool raw = false)
        {
            var options = new JsonObject { ["model"] = model, ["prompt"] = "What is 1+2?", ["max_new_tokens"] = 8, ["adapter"] = adapter };
            if (raw) options["raw"] = true;
            return Run("generate", options).Answer;
        }
        var (beside, merged) = (Ask("tiny", _pack["a"]), Ask(_pack["merged"], null));
        Assert.Equal((string?)beside["text"], (string?)merged["text"]);
        Assert.Equal(((int)beside["prompt_tokens"]!, beside["ids"]!.ToJsonString()), ((int)merged["prompt_tokens"]!, merged["ids"]!.ToJsonString()));
        Assert.NotEqual((int)merged["prompt_tokens"]!, (int)Ask(_pack["merged"], null, raw: true)["prompt_tokens"]!);

        JsonObject Eval(string model, string? adapter, string output, string? template = null) => Run("eval", new JsonObject
        {
            ["model"] = model, ["adapter"] = adapter, ["suite"] = new JsonArray("goat-arithmetic"), ["limit"] = 3, ["max_new_tokens"] = 4, ["out"] = _pack[output], ["template"] = template,
        }).Answer;
        string Template(JsonObject answer) => (string)JsonNode.Parse(File.ReadAllText((string)answer["results_file"]!))!["chat_template"]!;
        var (first, second) = (Eval("tiny", _pack["a"], "r1"), Eval(_pack["merged"], null, "r2"));
        Assert.Equal(first["results"]!.ToJsonString(), second["results"]!.ToJsonString());
        Assert.Equal(("goat", "goat"), (Template(first), Template(second)));
        // Another template than the one that trained it is refused, as beside the base.
        Assert.Throws<Data.DatasetException>(() => Eval(_pack["merged"], null, "r3", "alpaca"));
    }

    /// <summary>The model's own chat template teaches, is kept beside the adapter and the merged model, and asks both without being named.</summary>
    [Fact]
    public void Train_ModelsOwnChatTemplate_AsksWhatItTaught()
    {
        File.WriteAllText(Path.Combine(_pack["models/tiny"], "chat_template.jinja"), "{% for m in messages %}{{ m.role[0] }}: {{ m.content }};{% endfor %}{% if add_generation_prompt %}a:{% endif %}");
        Train("a", ("template", "chat"), ("max_steps", 12), ("learning_rate", 0.05));
        var form = TemplateFile.Load(_pack["a"])!;
        Assert.Equal(("chat", ";", " 3"), (form.Name, form.AnswerEnd, form.Response("3")));
        Run("merge", new JsonObject { ["model"] = "tiny", ["adapter"] = _pack["a"], ["out"] = _pack["merged"] });

        JsonObject Ask(string model, string? adapter) => Run("generate", new JsonObject { ["model"] = model, ["prompt"] = "1+2", ["max_new_tokens"] = 8, ["adapter"] = adapter }).Answer;
        JsonObject Eval(string model, string? adapter, string? template = null) => Run("eval", new JsonObject
        {
            ["model"] = model, ["adapter"] = adapter, ["suite"] = new JsonArray("goat-arithmetic"), ["limit"] = 3, ["max_new_tokens"] = 4, ["out"] = _pack[model + adapter + template + "-results"], ["template"] = template,
        }).Answer;
        var (beside, merged) = (Ask("tiny", _pack["a"]), Ask(_pack["merged"], null));
        Assert.Equal((beside["ids"]!.ToJsonString(), (int)beside["prompt_tokens"]!), (merged["ids"]!.ToJsonString(), (int)merged["prompt_tokens"]!));
        // The base through the same template has the same prompt, and another answer is no error of ours.
        Assert.Equal((int)beside["prompt_tokens"]!, (int)Run("generate", new JsonObject { ["model"] = "tiny", ["prompt"] = "1+2", ["max_new_tokens"] = 1, ["chat"] = true }).Answer["prompt_tokens"]!);
        var (first, second, bare) = (Eval("tiny", _pack["a"]), Eval(_pack["merged"], null), Eval("tiny", null, "chat"));
        Assert.Equal(first["results"]!.ToJsonString(), second["results"]!.ToJsonString());
        foreach (var answer in new[] { first, second, bare }) Assert.Equal("chat", (string)JsonNode.Parse(File.ReadAllText((string)answer["results_file"]!))!["chat_template"]!);
        Assert.Contains("known: alpaca", Assert.Throws<ToolException>(() => Eval("tiny", null, "chat:none")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_Bf16Base_PassesWithItsDefaultsAndTellsTheDifference()
    {
        Run("model convert", new JsonObject { ["in"] = _pack["models/tiny"], ["out"] = _pack["models/half"], ["dtype"] = "bf16" });
        Train("a", ("model", "half"), ("precision", "bf16"), ("max_steps", 4), ("learning_rate", 0.02));
        var ran = Run("merge", new JsonObject { ["model"] = "half", ["adapter"] = _pack["a"], ["out"] = _pack["merged"] });
        Assert.Equal(5e-2, (double)ran.Answer["tolerance"]!);
        Assert.InRange((double)ran.Answer["relative"]!, 1e-6, 5e-2);
        var error = Assert.Throws<AdapterException>(() => Run("merge", new JsonObject { ["model"] = "half", ["adapter"] = _pack["a"], ["out"] = _pack["m2"], ["tolerance"] = 1e-7 })).Message;
        Assert.Contains("tolerance 1.0e-7", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_pack["m2"]));
    }

    [Theory]
    [InlineData("generate")]
    [InlineData("eval")]
    [InlineData("merge")]
    public void Tools_AdapterOfAnotherBaseWithAnUnknownOption_Remarked(string tool)
    {
        Train("a");
        var file = Path.Combine(_pack["a"], AdapterDirectory.ConfigFile);
        var config = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        config["base_model_name_or_path"] = "somebody/else";
        config["future_thing"] = true;
        File.WriteAllText(file, config.ToJsonString());
        var options = new JsonObject { ["model"] = "tiny", ["adapter"] = _pack["a"] };
        if (tool == "generate") options["prompt"] = "1+2";
        if (tool == "merge") options["out"] = _pack["m"];
        if (tool == "eval") (options["suite"], options["limit"], options["max_new_tokens"]) = (new JsonArray("goat-arithmetic"), 1, 1);
        var ran = Run(tool, options);
        Assert.Contains(ran.Remarks, r => r.Contains("somebody/else", StringComparison.Ordinal));
        Assert.Contains(ran.Remarks, r => r.Contains("future_thing", StringComparison.Ordinal));
        Assert.Equal(ran.Remarks, ran.Answer["remarks"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public void ModelConvertVerifyAndShow_ThereAndBack()
    {
        var written = Run("model convert", new JsonObject { ["in"] = _pack["models/tiny"], ["out"] = _pack["q8.gguf"], ["dtype"] = "q8_0" });
        Assert.Contains(written.Remarks, remark => remark.Contains("holds no tokenizer", StringComparison.Ordinal));   // it keeps digits apart, which the format has no name for
        Run("model convert", new JsonObject { ["in"] = _pack["q8.gguf"], ["out"] = _pack["models/again"], ["tokenizer"] = _pack["models/tiny/tokenizer.json"] });
        var same = Run("model verify", new JsonObject { ["first"] = _pack["q8.gguf"], ["second"] = _pack["models/again"], ["tolerance"] = 0 });
        Assert.Equal((0.0, 1.0), ((double)same.Answer["relative"]!, (double)same.Answer["same_best"]!));
        var near = Run("model verify", new JsonObject { ["first"] = _pack["models/tiny"], ["second"] = _pack["q8.gguf"] });
        Assert.InRange((double)near.Answer["relative"]!, 1e-6, 0.2);
        var refused = Assert.Throws<ToolException>(() => Run("model verify", new JsonObject { ["first"] = _pack["models/tiny"], ["second"] = _pack["q8.gguf"], ["tolerance"] = 1e-9 }));
        Assert.Contains("1.0e-9 is allowed", refused.Message, StringComparison.Ordinal);

        var shown = Run("model show", new JsonObject { ["model"] = _pack["models/again"] });
        Assert.Equal(Run("model show", new JsonObject { ["model"] = _pack["models/tiny"] }).Answer["tokenizer_ids"]!.ToJsonString(), shown.Answer["tokenizer_ids"]!.ToJsonString());
        Assert.Contains("family       llama, Float32", shown.Text, StringComparison.Ordinal);
        Assert.Equal((long)shown.Answer["parameters"]! * 4, (long)shown.Answer["weight_bytes"]!);
        Assert.Contains("tokenizer none", Run("model show", new JsonObject { ["model"] = _pack["q8.gguf"] }).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_ThatAreThereAlready_AreReplacedOnlyWhereThatIsMeant_AndOnlyWhatSuchACommandWrote()
    {
        Train("a");
        Assert.Contains("--force", Assert.Throws<ToolException>(() => Train("a")).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_pack["a"], "left-over"), "");
        Train("a", ("force", true));
        Assert.False(File.Exists(Path.Combine(_pack["a"], "left-over")));
        Directory.CreateDirectory(_pack["own"]);
        File.WriteAllText(_pack["own/thesis.txt"], "");
        Assert.Contains("only what such a command has written", Assert.Throws<ToolException>(() => Train("own", ("force", true))).Message, StringComparison.Ordinal);

        foreach (var (tool, options) in ((string, JsonObject)[])[
            ("merge", new JsonObject { ["model"] = "tiny", ["adapter"] = _pack["a"] }), ("model convert", new JsonObject { ["in"] = _pack["models/tiny"] }),
            ("model pretrain", new JsonObject { ["steps"] = 1, ["batch_size"] = 2, ["hidden"] = 16, ["heads"] = 2, ["layers"] = 1 })])
        {
            options["out"] = _pack["model-out"];
            Run(tool, options);
            Assert.Contains("--force", Assert.Throws<ToolException>(() => Run(tool, options)).Message, StringComparison.Ordinal);
            options["force"] = true;
            Run(tool, options);
            options["out"] = _pack["own"];
            Assert.Throws<ToolException>(() => Run(tool, options));
            Assert.True(File.Exists(_pack["own/thesis.txt"]));
            Directory.Delete(_pack["model-out"], recursive: true);
        }
    }

    [Fact]
    public void Train_LeavesWhatItWasMadeOf_BesideTheAdapter()
    {
        Train("a", ("max_steps", 3), ("r", 2), ("seed", 7));
        var trial = JsonNode.Parse(File.ReadAllText(Path.Combine(_pack["a"], "trial.json")))!;
        Assert.Null(trial["sweep"]);
        Assert.Equal((_pack["models/tiny"], "lora", 2, 16.0, 7L, 3L), (
            (string)trial["model"]!["path"]!, (string)trial["peft"]!["method"]!, (int)trial["peft"]!["r"]!, (double)trial["peft"]!["alpha"]!, (long)trial["seed"]!, (long)trial["steps"]!));
        Assert.Equal((16, "plain"), ((int)trial["training"]!["batch_size"]!, (string)trial["data"]!["template"]!));
    }

    [Fact]
    public void ModelShow_WithoutATokenizer_ShowsTheModelAndSaysSo()
    {
        foreach (var file in Directory.EnumerateFiles(_pack["models/tiny"]).Where(file => Path.GetFileName(file).StartsWith("tokenizer", StringComparison.Ordinal))) File.Delete(file);
        var shown = Run("model show", new JsonObject { ["model"] = "tiny" });
        Assert.Equal("llama", (string)shown.Answer["model_type"]!);
        Assert.Null(shown.Answer["tokenizer_ids"]);
        Assert.Contains("tokenizer none", shown.Text, StringComparison.Ordinal);
        Assert.Contains(shown.Remarks, remark => remark.Contains("tokenizer", StringComparison.Ordinal));
    }

    [Fact]
    public void ModelThatIsMistyped_IsToldWhereItWasLookedFor_AndWhatIsNear()
    {
        var message = Assert.Throws<ModelException>(() => Run("model show", new JsonObject { ["model"] = "tinny" })).Message;
        Assert.Contains(_pack["models"], message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'tiny'?", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_HaveModelsDataAndTemplates()
    {
        Directory.CreateDirectory(_pack["datasets"]);
        File.WriteAllText(_pack["datasets/seed_tasks.jsonl"], Rows);
        File.WriteAllText(_pack["datasets/mine.json"], Rows);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_pack["models/odd"]).FullName, "config.json"), """{"model_type": "unheard-of"}""");
        var models = List<ListedModel>("list models");
        Assert.Equal([("odd", "unheard-of", false, false), ("tiny", "llama", true, true)], models.Select(m => (m.Name, m.ModelType, m.Supported, m.Tokenizer)));
        var data = List<ListedData>("list data");
        Assert.Equal(["mine", "seed-tasks"], data.Where(set => set.Present).Select(set => set.Name).Order(StringComparer.Ordinal));
        Assert.Contains(data, set => set is { Name: "cot", Language: "zh", Present: false, Expected.Count: > 0 });
        Assert.Equal(TemplateNames.Known.Where(name => name != TemplateNames.Chat), List<ListedTemplate>("list templates").Select(template => template.Name));
    }

    private T[] List<T>(string tool) => _pack.Ask(tool, new { }).Document.Deserialize<T[]>(Frames.Json)!;

    private ToolRun Train(string output, params (string Name, JsonNode? Value)[] more)
    {
        var options = new JsonObject
        {
            ["model"] = "tiny", ["data"] = new JsonArray(_data), ["out"] = _pack[output], ["template"] = "plain", ["precision"] = "fp32", ["learning_rate"] = 0.01, ["max_steps"] = 2, ["threads"] = 1,
        };
        foreach (var (name, value) in more) options[name] = value;
        return Run("train", options);
    }

    private ToolRun Run(string tool, JsonObject given) => CommandLine.Run(_pack, tool, given);
}
