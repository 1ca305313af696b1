using System.Text.Json.Nodes;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using AlpacaCot.Tokenizers.ChatTemplates;
using YamlDotNet.RepresentationModel;

namespace AlpacaCot.Evaluation.Tests;

/// <summary>
/// Whole suites, asked as plain text, against lm-eval's runs of the same tasks: prompts, hashes, responses, metrics and their errors. A task file is
/// translated into the declaration that says the same; tasks that no declaration can say are skipped.
/// </summary>
[Trait("Category", "Golden")]
public sealed class SuiteGoldenTests
{
    private const string LettersText = "{{Question.strip()}}\nA. {{A}}\nB. {{B}}\nC. {{C}}\nD. {{D}}\n";
    private const string OptionsText = "{{Question.strip()}}\n";

    public static IEnumerable<object[]> Cases => Golden.Folders("evaluation");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_Task_GoldenSamplesAndResults(string folder)
    {
        using var open = EvaluationCase.Open(folder);
        var suites = Suites(open.Golden);
        Assert.SkipWhen(suites.Count == 0, $"{folder} has no task that a suite can say, or asks through a chat template, whose contexts are tested by themselves");
        var decoding = new DecodingSettings { MaxNewTokens = MaxNewTokens(open) };
        var results = EvaluationRunner.Run(suites, open.Engine, decoding: decoding);
        foreach (var result in results)
        {
            CheckSamples(open, result);
            CheckMetrics(open, result);
            Assert.Equal(open.Results["task_hashes"]![result.Suite]!.GetValue<string>(), result.Hash);
            Assert.Equal(open.Results["n-samples"]![result.Suite]!["effective"]!.GetValue<int>(), result.Effective);
            Assert.Equal(open.Results["n-shot"]![result.Suite]!.GetValue<int>(), result.FewShot);
        }
    }

    /// <summary>
    /// A case that asks through the model's chat template: system text, worked examples as turns and the question are rendered as the reference rendered them. What is scored after such a context is
    /// among the golden requests; a suite itself scores behind the boundary that training has, and not behind lm-eval's.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Prompt_ThroughTheChatTemplate_GoldenContexts(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(AsksByChat(golden), $"{folder} asks without a chat template");
        using var open = EvaluationCase.Open(folder);
        var template = ChatTemplateFile.Load(golden.File(golden.Json.GetProperty("model").GetString()!))!;
        var renderer = new PromptRenderer(new PromptSettings(open.Tokenizer, new ChatForm("own", template, open.Tokenizer, tokenizerBegins: false), null));
        var arguments = golden.Json.GetProperty("arguments");
        var system = arguments.TryGetProperty("system_instruction", out var given) && given.GetString() is { Length: > 0 } text ? text + "\n\n" : "";
        Assert.True(arguments.GetProperty("fewshot_as_multiturn").GetBoolean());
        foreach (var declaration in Directory.GetFiles(golden.File("tasks"), "*.yaml").Select(file => Declaration(file, golden)).OfType<JsonObject>())
        {
            var questions = Declared.Suite(declaration).Items;
            var worked = declaration.DeepClone().AsObject();
            worked["file"] = declaration["few_shot_file"]!.DeepClone();
            List<(string, string)> examples = [.. Declared.Suite(worked).Items.Take(declaration["few_shot"]!.GetValue<int>()).Select(item => (item.Instruction, item.Doc["Answer"]!.GetValue<string>()))];
            var contexts = open.Requests.Where(request => request["task"]!.GetValue<string>() == declaration["name"]!.GetValue<string>()).Select(request => request["context"]!.GetValue<string>()).ToList();
            Assert.Equal(contexts, questions.Select(question => renderer.Prompt(question.Instruction, examples, system + declaration["description"]!.GetValue<string>()).Text));
        }
    }

    /// <summary>Where continuous integration has the cases, so many of them must have been asked and not skipped.</summary>
    [Fact]
    public void Cases_ThatASuiteCanSay_AreAllThere()
    {
        const int Pinned = 12;
        Golden.AtLeast(("evaluation", Pinned));
        var said = Cases.Count(row => Suites(Golden.Open((string)row[0])).Count > 0);
        Assert.True(said >= Pinned, $"{said} golden evaluations can be said as suites, {Pinned} are pinned");
    }

    private static List<ISuite> Suites(GoldenCase golden)
    {
        if (AsksByChat(golden)) return [];
        return [.. Directory.GetFiles(golden.File("tasks"), "*.yaml").Order(StringComparer.Ordinal).Select(file => Declaration(file, golden)).OfType<JsonObject>().Select(d => Declared.Suite(d))];
    }

    private static bool AsksByChat(GoldenCase golden) => golden.Json.GetProperty("arguments").TryGetProperty("apply_chat_template", out var chat) && chat.GetBoolean();

    private static void CheckSamples(EvaluationCase open, SuiteResult result)
    {
        var expected = open.Samples(result.Suite);
        Assert.Equal(expected.Count, result.Samples.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            var (want, have) = (expected[i].AsObject(), JsonNode.Parse(result.Samples[i].ToLine())!.AsObject());
            foreach (var key in new[] { "doc_id", "doc", "target", "arguments", "filter", "doc_hash", "prompt_hash", "target_hash" })
                Assert.True(JsonNode.DeepEquals(want[key], have[key]), $"{open.Golden.Folder} {result.Suite} sample {i}, {key}: {have[key]?.ToJsonString()}, expected {want[key]?.ToJsonString()}");
            foreach (var key in new[] { "resps", "filtered_resps" }) CheckResponse(open, want[key]!, have[key]!, $"{result.Suite} sample {i} {key}");
            foreach (var metric in want["metrics"]!.AsArray().Select(m => m!.GetValue<string>()).Where(m => m is "acc" or "acc_norm" or "acc_bytes" or "acc_mutual_info" or "exact_match"))
                Assert.True(want[metric]!.GetValue<double>() == have[metric]!.GetValue<double>(), $"{open.Golden.Folder} {result.Suite} sample {i}: {metric}");
        }
    }

    private static void CheckMetrics(EvaluationCase open, SuiteResult result)
    {
        foreach (var (key, value) in open.Results["results"]![result.Suite]!.AsObject().Where(p => p.Key.Contains(',', StringComparison.Ordinal)))
        {
            var (name, filter) = (key[..key.IndexOf(',', StringComparison.Ordinal)], key[(key.IndexOf(',', StringComparison.Ordinal) + 1)..]);
            var isError = name.EndsWith("_stderr", StringComparison.Ordinal);
            if (isError) name = name[..^"_stderr".Length];
            var metric = result.Metrics.SingleOrDefault(m => m.Name == name && m.Filter == filter);
            Assert.True(metric is not null, $"{open.Golden.Folder} {result.Suite}: no metric {name} after {filter}");
            if (value!.GetValueKind() == System.Text.Json.JsonValueKind.String)
            {
                Assert.Null(metric.StandardError);
                continue;
            }
            double want = value.GetValue<double>(), have = isError ? metric.StandardError!.Value : metric.Value!.Value;
            var allowed = name switch
            {
                "brier_score" => open.Golden.Tolerance("brier_abs", 1e-4),
                "perplexity" or "word_perplexity" or "byte_perplexity" when !isError => open.Golden.Tolerance("log_perplexity_abs", 1e-3) * want,
                "perplexity" => open.Golden.Tolerance("stderr_rel", 1e-3) * want,
                "bits_per_byte" => open.Golden.Tolerance("log_perplexity_abs", 1e-3) * 2,
                _ => 1e-9,
            };
            Assert.True(Math.Abs(want - have) <= allowed, $"{open.Golden.Folder} {result.Suite} {key}: {have}, expected {want}");
        }
    }

    private static void CheckResponse(EvaluationCase open, JsonNode want, JsonNode have, string what)
    {
        if (want is JsonArray items)
        {
            Assert.Equal(items.Count, have.AsArray().Count);
            for (var i = 0; i < items.Count; i++) CheckResponse(open, items[i]!, have.AsArray()[i]!, what);
            return;
        }
        string expected = want.GetValue<string>(), actual = have.GetValue<string>();
        if (expected != actual && double.TryParse(expected, System.Globalization.CultureInfo.InvariantCulture, out var number))
            open.CheckLogLikelihood(number, double.Parse(actual, System.Globalization.CultureInfo.InvariantCulture), what);
        else Assert.Equal(expected, actual);
    }

    private static int MaxNewTokens(EvaluationCase open)
        => open.Requests.Select(r => r["gen_kwargs"]?["max_gen_toks"]?.GetValue<int>()).FirstOrDefault(n => n is not null) ?? 1;

    /// <summary>The declaration that says what a task file says, or null.</summary>
    private static JsonObject? Declaration(string file, GoldenCase golden)
    {
        var yaml = new YamlStream();
        using (var reader = new StreamReader(file)) yaml.Load(reader);
        var task = (YamlMappingNode)yaml.Documents[0].RootNode;
        string? Text(string key) => task.Children.TryGetValue(key, out var node) && node is YamlScalarNode { Value: not "null" } scalar ? scalar.Value : null;
        if (Text("output_type") is not { } type) return null;
        var data = ((YamlMappingNode)task["dataset_kwargs"])["data_files"];
        string? Data(string? split) => split is null ? null : golden.File(((YamlScalarNode)data[split]).Value!);
        var metrics = ((YamlSequenceNode)task["metric_list"]).Select(m => ((YamlScalarNode)m["metric"]).Value!).ToList();
        var arguments = golden.Json.GetProperty("arguments");
        var shots = arguments.GetProperty("num_fewshot").GetInt32();
        var declaration = new JsonObject { ["name"] = Text("task"), ["order"] = "first" };
        if (shots > 0) declaration["few_shot"] = shots;
        var firstN = task.Children.TryGetValue("fewshot_config", out var config) && ((YamlScalarNode)config["sampler"]).Value == "first_n";
        switch (type)
        {
            case "multiple_choice":
                var text = Text("doc_to_text")!;
                var letters = text.StartsWith(LettersText, StringComparison.Ordinal);
                if (!letters && !text.StartsWith(OptionsText, StringComparison.Ordinal)) return null;
                declaration["suite"] = "multiple-choice";
                declaration["form"] = letters ? "letters" : "options";
                declaration["answer_mark"] = text[(letters ? LettersText : OptionsText).Length..];
                declaration["file"] = Data(Text("test_split"));
                declaration["few_shot_file"] = Data(Text("fewshot_split"));
                declaration["few_shot_order"] = firstN ? "first" : "sampled";
                declaration["description"] = Text("description") ?? "";
                if (Text("target_delimiter") is { } delimiter) declaration["target_delimiter"] = delimiter;
                if (metrics.Contains("acc_mutual_info")) declaration["mutual_information"] = true;
                return declaration;
            case "loglikelihood":
                declaration["suite"] = "log-likelihood";
                declaration["file"] = Data(Text("test_split") ?? Text("validation_split"));
                declaration["target_delimiter"] = Text("target_delimiter") ?? " ";
                declaration["bootstrap_iters"] = arguments.GetProperty("bootstrap_iters").GetInt32();
                return declaration;
            case "loglikelihood_rolling":
                declaration["suite"] = "perplexity";
                declaration["file"] = Data(Text("test_split"));
                return declaration;
            case "generate_until":
                var match = ((YamlSequenceNode)task["metric_list"])[0];
                declaration["suite"] = "exact-match";
                declaration["file"] = Data(Text("test_split"));
                declaration["few_shot_file"] = Data(Text("fewshot_split"));
                declaration["few_shot_order"] = firstN ? "first" : "sampled";
                declaration["format"] = Text("doc_to_text")!.Replace("{{question}}", "{question}", StringComparison.Ordinal);
                declaration["until"] = Json(task["generation_kwargs"]["until"]);
                declaration["filter_list"] = Json(task["filter_list"]);
                declaration["regexes_to_ignore"] = Json(match["regexes_to_ignore"]);
                declaration["ignore_case"] = Json(match["ignore_case"]);
                declaration["ignore_punctuation"] = Json(match["ignore_punctuation"]);
                return declaration;
            default:
                return null;
        }
    }

    private static JsonNode Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, (JsonNode?)Json(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Json)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } number when int.TryParse(number.Value, out var value) => JsonValue.Create(value),
        _ => JsonValue.Create(((YamlScalarNode)node).Value)!,
    };
}
