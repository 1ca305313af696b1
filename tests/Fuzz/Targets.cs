using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Data;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Files;
using AlpacaCot.Files.Json;
using AlpacaCot.Models;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>Every reader of files and messages from outside, with a small corpus.</summary>
internal static class Targets
{
    private static readonly string[] _json = ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "1e999", "\\ud800", "\\u0000", "\"a\":1,\"a\":2", "[[[[[[[[[[[[[[[["];
    private static readonly string[] _pickle = ["(", ")", "]", "}", "t", "R", "Q", "K\u0001", "h\0", "q\0", "e", "a", "s", "u", "N", "2", "\u0085", "0", "X\u0004\0\0\0abcd", "ctorch\nSize\n", "ctorch._utils\n_rebuild_tensor_v2\n"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("json", [.. Texts("""{"a": [1, 2.5e3, {"b": "\ud83d\ude00"}], "c": null}""")], _json, (bytes, _) => StrictJson.Parse(bytes, "f"), e => e is InvalidDataException) { LongRun = 105_000 },
        new("text", [Encoding.Unicode.GetPreamble(), .. Texts("naïve")], ["\u00ff\u00fe", "version https://git-lfs.github.com/spec/v1\n", "size "],
            (bytes, folder) => FileText.Read(Written(folder, "f", bytes)), e => e is InvalidDataException),
        new("yaml", Texts(Sweeps), ["&a ", "*a", "<<: *a", "- ", "? ", ": ", "|\n", ">\n", "!!", "%YAML 1.1\n", "---\n", "...\n", "{", "}", "[", "]", "#", "'", "\"", "\\ud800", "\t", "[*a,*a,*a,*a,*a,*a,*a,*a]", "~", "@", "`"],
            (bytes, _) => Sweep(bytes), _ => false),
        new("config", Texts(Llama), [.. _json, "\"rope_scaling\"", "\"num_hidden_layers\"", "\"eos_token_id\""], (bytes, _) => DecoderConfig.Read(Encoding.UTF8.GetString(bytes), "config.json"), e => e is ModelException) { LongRun = 105_000 },
        new("safetensors", [WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader)], [.. _json, "\"shape\"", "\"data_offsets\"", "BF16", "F4"], (bytes, folder) => Weights(SafeTensors.Open(Written(folder, "w", bytes))), e => e is ModelException),
        new("torch-zip", [WeightFiles.Zip(WeightFiles.StateDict())], ["PK\u0003\u0004", "PK\u0001\u0002", "PK\u0005\u0006", "PK\u0006\u0006", "PK\u0006\u0007", .. _pickle], (bytes, folder) => Weights(TorchFile.Open(Written(folder, "w", bytes))), e => e is ModelException),
        new("torch-pickle", [WeightFiles.StateDict()], _pickle, (bytes, folder) => Weights(TorchFile.Open(Written(folder, "w", WeightFiles.Zip(bytes)))), e => e is ModelException),
        new("torch-legacy", [WeightFiles.Legacy()], _pickle, (bytes, folder) => Weights(TorchFile.Open(Written(folder, "w", bytes))), e => e is ModelException),
        new("index", Texts("""{"metadata":{"total_size":40},"weight_map":{"a.weight":"model-1.safetensors","b":"model-1.safetensors","c":"model-1.safetensors"}}"""), [.. _json, "..", "model-1.safetensors", "/"],
            (bytes, folder) => Open(folder, ("config.json", Encoding.UTF8.GetBytes(Llama)), ("model-1.safetensors", WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader)), ("model.safetensors.index.json", bytes)), e => e is ModelException) { LongRun = 6_000 },
        new("meta", Texts("""{"dim": 6, "n_layers": 1, "n_heads": 1, "n_kv_heads": 1, "norm_eps": 1e-5, "vocab_size": -1, "rope_theta": 10000.0, "use_scaled_rope": true}"""), _json,
            (bytes, folder) => Open(folder, ("params.json", bytes), ("consolidated.00.pth", WeightFiles.Zip(Meta))), e => e is ModelException),
        new("meta-weights", [Meta], [.. _pickle, WeightFiles.Text("tok_embeddings.weight")],
            (bytes, folder) => Open(folder, ("params.json", """{"dim": 2, "n_layers": 1, "n_heads": 1}"""u8.ToArray()), ("consolidated.00.pth", WeightFiles.Zip(bytes))), e => e is ModelException),
        new("llama2c", [Llama2c()], ["\u0001\0\0\0"], (bytes, folder) => Checkpoint.Open(Written(folder, "m.bin", bytes)).Dispose(), e => e is ModelException),
        new("llama2c-tokens", [Llama2cTokens()], ["<0x00>", "\0\0\0\0"], (bytes, folder) => Llama2cTokenizer.Read(Written(folder, "t.bin", bytes)), e => e is ModelException) { LongRun = 105_000 },
        new("adapter", Texts(
            """{"peft_type":"LORA","r":8,"lora_alpha":16,"target_modules":["q_proj","v_proj"],"rank_pattern":{"^layers.0":4},"layers_to_transform":[0],"layers_pattern":"layers","init_lora_weights":true,"loftq_config":{},"new_key":1}""",
            """{"peft_type":"IA3","target_modules":".*(k_proj|down_proj)","feedforward_modules":["down_proj"]}"""), [.. _json, "(a+)+$", "(?=", "\\\\1"],
            (bytes, _) => AdapterConfig.Read(Encoding.UTF8.GetString(bytes)).ToJson(), e => e is AdapterException) { LongRun = 105_000 },
        new("rows", Texts(Rows), [.. _json, "\"instruction\"", "\"output\""], (bytes, folder) => RecordReader.Read(Written(folder, "r", bytes)).Count(), e => e is DatasetException),
        new("rows-lines", Texts("""{"instruction":"Add.","input":"2, 3","output":"5"}""" + "\n" + """{"question":"1+1?","answer":"<<1+1=2>>so\n#### 2"}""" + "\n"), [.. _json, "\n", "\r\n"], (bytes, folder) => RecordReader.Read(Written(folder, "r", bytes)).Count(), e => e is DatasetException) { LongRun = 6_000 },
        new("rows-tsv", Texts("Which?\\nOptions:\\n- yes\tyes\tFirst.\r\nü\tb\tc\n", "question\tanswer\trationale\na\tb\tc\n"), ["\t", "\n", "\r\n", "\"", "question", "answer"], (bytes, folder) => RecordReader.Read(Written(folder, "r", bytes)).Count(), e => e is DatasetException),
        new("rows-csv", Texts("question,answer\n\"a, \"\"b\"\"\",1\nc,2.5\n"), [",", "\n", "\"", "1e999", "\r"], (bytes, folder) => RowFile.Objects(Written(folder, "r.csv", bytes)).Sum(row => row.Fields.ToJsonString().Length), e => e is DatasetException) { LongRun = 6_000 },
        new("rows-objects", Texts(Rows), _json, (bytes, folder) => RowFile.Objects(Written(folder, "r.json", bytes)).Sum(row => row.Fields.ToJsonString().Length), e => e is DatasetException),
        new("template", Texts("""{"description":"d","prompt_input":"{instruction} {input}","prompt_no_input":"{instruction}","response_split":"### Response:"}"""), _json, (bytes, _) => TemplateFile.FromJson(Encoding.UTF8.GetString(bytes), "template.json"), e => e is DatasetException) { LongRun = 105_000 },
        new("answers", Texts("So 1,234.5 + 3/4 = \\boxed{1235.25}. The answer is $18.00.", "#### -7\n**36/2** is 1.8e1", "答案是：\\frac{1}{2}"), ["####", "\\boxed{", "}", "answer is", "1,000", "½", "e9", "\\frac12", "×10^", "**", "٣"], (bytes, _) => Answers(bytes), _ => false) { LongRun = 6_000 },
        new("filters", Texts("""[{"function":"regex","regex_pattern":"#### (\\-?[0-9]+)","group_select":-1},{"function":"lowercase"},{"function":"map","mapping_dict":{"a":"b"}},{"function":"multi_choice_regex","regexes_to_ignore":["a"],"ignore_case":true},{"function":"take_first"}]"""),
            [.. _json, "(a+)+$", "(?P<n>", "(?P=n)", "\\\\1", "{1000}", "\"majority_vote\"", "\"take_first_k\""], (bytes, _) => Filter(bytes), e => e is EvaluationException or InvalidDataException or FormatException) { LongRun = 105_000 },
        new("suite", Texts("""{"suite":"exact-match","file":"q.jsonl","extract":"final","limit":2,"few_shot":1,"seed":3,"regexes_to_ignore":["a"],"ignore_case":true}""", """{"suite":"multiple-choice","file":"q.jsonl"}"""), [.. _json, "\"filter_list\"", "\"until\""],
            (bytes, folder) => Suite(bytes, folder), e => e is EvaluationException or InvalidDataException),
        new("questions", Texts("""{"question":"a","answer":"B","choices":["x","y"]}""" + "\n"), [.. _json, "\n"], (bytes, folder) => Questions(bytes, folder), e => e is EvaluationException) { LongRun = 6_000 },
        new("frames", Frame(new OutputEvent("a", 1, JsonSerializer.SerializeToElement(new { x = 1 }), "t"), new TokensEvent("a", 1, [new RequestTokens("r", 0, [1, 2], "t", "stop")]), new ResultEvent("a", 1, "t", "e", new Dictionary<string, double> { ["m"] = 1 }, 1, null, 2)),
            [.. _json, "\"event\"", "\"fence\"", "NaN", "\u0002\0\0\0"], (bytes, _) => Messages(bytes), e => e is ProtocolException) { LongRun = 105_000 },
        .. ModelTargets.All, .. TokenizerTargets.All,
    ];

    private static string Sweeps => """
        name: cot-study
        seeds: [0, 1, 2]
        models:
          - { name: nano, path: models/nano, load: bf16 }
          - &base models/other
        peft:
          - { name: lora-r8, method: lora, r: 8, alpha: 16, targets: [q_proj, v_proj], rank_pattern: { ".*q_proj": 4 } }
          - { name: ia3, method: ia3, learning_rate: 3.0e-3, when: { model: nano } }
        data:
          - { name: mix, sources: [alpaca, { set: cot, weight: 2.0, limit: 200 }, { goat: { operations: [add], digits: [1, 3] } }], template: alpaca }
        cot: [none, { name: cue, cue: "Let's think \u00e9 step by step." }]
        training: { epochs: 3, batch_size: 16, cutoff_len: 512, precision: bf16 }
        decoding: { strategy: sample, temperature: 0.7, top_p: 0.9 }
        evaluation:
          - suite: goat-arithmetic
            options: { x: &a [1, "two", null, { y: true }], z: *a }
        exclude: [{ model: nano, seed: 1 }]
        """;

    private static string Llama => """
        {"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":2,"hidden_size":2,"intermediate_size":3,"num_hidden_layers":1,"num_attention_heads":1,"num_key_value_heads":1,"head_dim":2,"hidden_act":"silu",
         "max_position_embeddings":512,"rms_norm_eps":1e-05,"rope_theta":10000,"rope_scaling":{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":128,"mscale":1,"mscale_all_dim":0.5},"tie_word_embeddings":true,
         "attention_bias":false,"bos_token_id":1,"eos_token_id":[2,3],"torch_dtype":"float32"}
        """;

    private static string[] Rows =>
    [
        """[{"instruction":"Add.","input":"2, 3","output":"5","rationale":null},{"instruction":"Seed","instances":[{"input":"","output":"x"}]},{"question":"1+1?","answer":"<<1+1=2>>so\n#### 2"}]""",
        """[{"instruction":"é 😀","output":7,"history":[],"system":"","answer":"a"},{"instruction":"\ud83d\ude00","input":"","output":"b","text":{"deep":[[[1]]]}}]""",
    ];

    private static byte[] Meta => WeightFiles.Pickle(
        "ccollections\nOrderedDict\n)R(",
        WeightFiles.Tensor("tok_embeddings.weight", "FloatStorage", "0", 6, 0, [2, 3], [3, 1]), WeightFiles.Tensor("layers.0.feed_forward.w1.weight", "FloatStorage", "0", 6, 0, [3, 2], [2, 1]),
        WeightFiles.Tensor("layers.0.attention.wq.weight", "FloatStorage", "0", 6, 0, [2, 2], [2, 1]), WeightFiles.Tensor("layers.0.attention.wk.weight", "FloatStorage", "0", 6, 0, [2, 2], [2, 1]), "u");

    internal static IReadOnlyList<byte[]> Texts(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    internal static string Written(string folder, string name, byte[] bytes)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static void Weights(TensorFile file)
    {
        using (file)
            foreach (var tensor in file.Tensors.Take(64))
                if (tensor.Shape.Count < 8) tensor.Bytes();
    }

    private static void Open(string folder, params (string Name, byte[] Bytes)[] files)
    {
        foreach (var (name, bytes) in files) Written(folder, name, bytes);
        using var checkpoint = Checkpoint.Open(folder);
    }

    private static void Sweep(byte[] bytes)
    {
        var document = SweepDocument.Parse(bytes);
        foreach (var remark in document.Remarks)
            if (remark.ToString() is var line && (line.Contains('\n') || line.Contains("Exception", StringComparison.Ordinal) || line.Contains("(Line:", StringComparison.Ordinal))) throw new InvalidOperationException($"a remark in a library's words: {line}");
        if (document.IsValid) SweepDocument.ParseValid(SweepSpecJson.Write(document.Spec));
    }

    private static void Answers(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        AnswerExtraction.Normalise(AnswerExtraction.FinalAnswer(text));
        AnswerExtraction.LastNumber(text);
    }

    private static void Filter(byte[] bytes)
    {
        var filters = ResponseFilters.Compile(FilterStep.ReadAll(StrictJson.ParseObject($"{{\"f\":{Encoding.UTF8.GetString(bytes)}}}", "f")["f"] as JsonArray ?? []));
        try
        {
            filters.Apply(["so #### -7 aaaaaaaaaaaaaaaaaaaaaaaaaaa!", "B"], JsonNode.Parse("""{"choices":["x","y"]}"""));
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            // What a suite tells with the item's number.
        }
    }

    private static void Suite(byte[] bytes, string folder)
    {
        Written(folder, "q.jsonl", """{"question":"a","answer":"B","choices":["x","y"]}"""u8.ToArray());
        var declared = StrictJson.ParseObject(Encoding.UTF8.GetString(bytes), "options");
        var suite = declared["suite"] is JsonValue named && named.TryGetValue<string>(out var name) ? name : "";
        declared.Remove("suite");
        SuiteRegistry.Create(new EvaluationSpec { Name = suite, Suite = suite, Options = declared.ToDictionary(key => key.Key, key => JsonSerializer.SerializeToElement(key.Value)) }, [folder]);
    }

    private static void Questions(byte[] bytes, string folder)
    {
        Written(folder, "q.jsonl", bytes);
        foreach (var suite in (string[])["exact-match", "perplexity"])
            SuiteRegistry.Create(new EvaluationSpec { Name = suite, Suite = suite, Options = new Dictionary<string, JsonElement> { ["file"] = JsonSerializer.SerializeToElement("q.jsonl") } }, [folder]);
    }

    private static void Messages(byte[] bytes)
    {
        var stream = new MemoryStream(bytes);
        while (Frames.ReadAsync<WorkerEvent>(stream, CancellationToken.None).GetAwaiter().GetResult() is not null) { }
        Frames.ReadAsync<WorkerCommand>(new MemoryStream(bytes), CancellationToken.None).GetAwaiter().GetResult();
    }

    private static IReadOnlyList<byte[]> Frame(params WorkerEvent[] events) => [.. events.Select(message =>
    {
        var stream = new MemoryStream();
        Frames.WriteAsync(stream, message, CancellationToken.None).GetAwaiter().GetResult();
        return stream.ToArray();
    })];

    private static byte[] Llama2c()
    {
        int[] header = [4, 4, 1, 2, 1, 3, 2];
        const int Values = (3 * 4) + (2 * 4) + (2 * 4 * 4) + (2 * 4 * 2) + (3 * 4 * 4) + 4 + (2 * 2);
        return [.. header.SelectMany(BitConverter.GetBytes), .. new byte[4 * Values]];
    }

    private static byte[] Llama2cTokens()
    {
        IEnumerable<string> pieces = ["<unk>", "\n<s>\n", "\n</s>\n", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), " a", "b"];
        return [.. BitConverter.GetBytes(8), .. pieces.SelectMany(piece => (byte[])[.. BitConverter.GetBytes(0f), .. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(piece)), .. Encoding.UTF8.GetBytes(piece)])];
    }
}
