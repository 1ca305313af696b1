using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Checkpoints.Gguf;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Tests;
using AlpacaCot.Tokenizers.Tests;
using AlpacaCot.Training.Checkpoints;

namespace AlpacaCot.Tests.Fuzz;

/// <summary>Models as wholes: opened, built, asked for a token; and what else lies in their folders.</summary>
internal static class ModelTargets
{
    private const string Llama = """
        {"model_type": "llama", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2, "bos_token_id": 1, "eos_token_id": 2}
        """;

    private static readonly string[] _json = ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "1e999", "-1", "0", "16777216", "2147483647", "\\ud800", "[[[[[[[["];

    private static readonly string[] _gguf =
    [
        "GGUF", "general.architecture", "general.alignment", "llama", "qwen2", "llama.block_count", "llama.attention.head_count", "tokenizer.ggml.tokens", "rope_freqs.weight", "\u0008\0\0\0", "\u0009\0\0\0", "\u000a\0\0\0",
        "\u0003\0\0\0\0\0\0\0", "blk.0.attn_q.weight", "token_embd.weight",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("gguf", [Gguf("fp32", Pieces), Gguf("q4_0", Words), Gguf("q8_0", [])], _gguf, ReadGguf, e => e is ModelException),
        new("gguf-tokenizer", Targets.Texts([.. SampleFiles.Json, Bpe]), [.. _json, "\"id\"", "\"vocab\"", "\"merges\"", "\"ByteLevel\""],
            (bytes, folder) => GgufTokenizer.Read(Path.GetDirectoryName(Targets.Written(folder, "tokenizer.json", bytes))!), e => e is ModelException),
        new("pieces", [ProtoWriter.Model(SampleFiles.Pieces, 2, byteFallback: true, removeSpaces: true)], ["▁", "<0x41>", "\n\u0004", "\u0012", "\u001a"],
            (bytes, folder) => SentencePieceModel.Read(Targets.Written(folder, "tokenizer.model", bytes)), e => e is ModelException) { LongRun = 105_000 },
        .. ((string[])["llama", "gemma2", "gpt2", "bloom"]).Select(family => new FuzzTarget("model-" + family, Targets.Texts(FamilyModels.Configs[family]), [.. _json, "\"rope_scaling\"", "\"sliding_window\"", "\"head_dim\""],
            (bytes, folder) => Whole(bytes, folder, family), e => e is ModelException) { LongRun = 6_000 }),
        new("bitsandbytes", [Quantised], [.. _json, "\"quant_type\"", "\"blocksize\"", "\"nested_blocksize\"", "nf4", "fp4", "bfloat16", "U8", "I8", "F32", ".SCB", ".absmax"], Gathered, e => e is ModelException),
        new("generation-config", ["""{"bos_token_id":1,"eos_token_id":[2,3],"pad_token_id":0,"temperature":0.7}"""u8.ToArray()], [.. _json, "\"eos_token_id\""], Generation, e => e is ModelException) { LongRun = 6_000 },
        new("adapter-folder", ["""{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["q_proj"],"rank_pattern":{"layers.0":2}}"""u8.ToArray()], [.. _json, "\"all-linear\"", "\"modules_to_save\"", ".*", "\"IA3\""], OfStrangers,
            e => e is AdapterException) { LongRun = 6_000 },
        new("adapter-weights", [AdapterWeights], [.. _json, "lora_A", "base_model.model.", "F32"], StrangersWeights, e => e is AdapterException) { LongRun = 6_000 },
        new("checkpoint", [Manifest], [.. _json, "../", "/dev/zero", "\"sha256\""], Trained, _ => false) { LongRun = 6_000 },
    ];

    private static readonly Lazy<Decoder> _decoder = new(() => RandomDecoder(Llama));

    private static KeyValuePair<string, object>[] Pieces =>
    [
        new("tokenizer.ggml.model", "llama"), new("tokenizer.ggml.tokens", (string[])["<unk>", "<s>", "</s>", "▁a"]), new("tokenizer.ggml.scores", (float[])[0, 0, 0, -1]), new("tokenizer.ggml.token_type", (int[])[2, 3, 3, 1]),
        new("tokenizer.ggml.bos_token_id", 1u), new("tokenizer.chat_template", "{{ messages[0].content }}"),
    ];

    private static KeyValuePair<string, object>[] Words =>
    [
        new("tokenizer.ggml.model", "gpt2"), new("tokenizer.ggml.pre", "llama-bpe"), new("tokenizer.ggml.tokens", (string[])["a", "b", "ab", "<s>"]), new("tokenizer.ggml.merges", (string[])["a b"]),
        new("tokenizer.ggml.token_type", (int[])[1, 1, 1, 3]), new("tokenizer.ggml.bos_token_id", 3u), new("tokenizer.ggml.add_bos_token", true),
    ];

    private static string Bpe => """
        {"added_tokens":[{"id":3,"content":"<s>","special":true}],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b",["b","a"]]}}
        """;

    private static byte[] AdapterWeights => WeightFiles.SafeTensors("""
        {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight":{"dtype":"F32","shape":[2,32],"data_offsets":[0,256]},"base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight":{"dtype":"F32","shape":[32,2],"data_offsets":[256,512]}}
        """.Trim(), data: 512);

    /// <summary>A weight of four bits whose scales are quantised too, and one of eight bits.</summary>
    private static byte[] Quantised
    {
        get
        {
            var state = """{"quant_type":"nf4","blocksize":16,"dtype":"float32","shape":[4,8],"nested_blocksize":256,"nested_offset":0.5}"""u8.ToArray();
            (string Name, string Type, string Shape, byte[] Data)[] parts =
            [
                ("a.weight", "U8", "16,1", new byte[16]), ("a.weight.absmax", "U8", "2", [3, 4]), ("a.weight.nested_absmax", "F32", "1", BitConverter.GetBytes(0.5f)),
                ("a.weight.nested_quant_map", "F32", "256", new byte[1024]), ("a.weight.quant_state.bitsandbytes__nf4", "U8", $"{state.Length}", state),
                ("b.weight", "I8", "4,8", new byte[32]), ("b.SCB", "F32", "4", new byte[16]),
            ];
            var (entries, data) = (new List<string>(), new List<byte>());
            foreach (var (name, type, shape, bytes) in parts)
            {
                entries.Add($$"""
                    "{{name}}":{"dtype":"{{type}}","shape":[{{shape}}],"data_offsets":[{{data.Count}},{{data.Count + bytes.Length}}]}
                    """);
                data.AddRange(bytes);
            }
            return [.. WeightFiles.SafeTensors($"{{{string.Join(',', entries)}}}", data: 0), .. data];
        }
    }

    private static void Gathered(byte[] bytes, string folder)
    {
        LibTorch.Load();
        using var file = SafeTensors.Open(Targets.Written(folder, "w", bytes));
        using var scope = torch.NewDisposeScope();
        foreach (var tensor in BitsAndBytes.Gather(file.Tensors).Take(16))
            if (tensor.Held is not null) tensor.Map();
    }

    private static byte[] Manifest => """{"format":2,"step":3,"members":[{"name":"a","file":"m","step":3,"seed":1,"removed":false,"settings_hash":"x"}],"files":[{"name":"m","bytes":1,"sha256":"ab"}]}"""u8.ToArray();

    private static Decoder RandomDecoder(string config)
    {
        LibTorch.Load();
        using var generator = new Generator(5);
        return Decoder.CreateRandom(DecoderConfig.Read(config), generator);
    }

    private static byte[] Gguf(string type, IReadOnlyList<KeyValuePair<string, object>> tokenizer)
    {
        using var folder = new TemporaryFolder();
        using var decoder = RandomDecoder(Llama);
        var (stored, fileType) = GgufType.ToWrite(type)!.Value;
        GgufWriter.Write(decoder, folder["m.gguf"], stored, fileType, tokenizer);
        return File.ReadAllBytes(folder["m.gguf"]);
    }

    private static void ReadGguf(byte[] bytes, string folder)
    {
        var path = Targets.Written(folder, "m.gguf", bytes);
        using (var checkpoint = Checkpoint.Open(path))
        using (torch.NewDisposeScope())
            foreach (var tensor in checkpoint.Tensors.Values.Take(16)) tensor.Map();
        using var file = new MappedFile(path);
        GgufTokenizer.Write(GgufHeader.Read(file), folder);
    }

    // The weights stay as they are: what a configuration says about them is what a stranger can write with little effort.
    private static void Whole(byte[] config, string folder, string family)
    {
        LibTorch.Load();
        if (!File.Exists(Path.Combine(folder, "model.safetensors")))
            using (var made = FamilyModels.Create(family)) ModelDirectory.Save(made, folder);
        Targets.Written(folder, "config.json", config);
        using var decoder = ModelDirectory.Load(folder);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var layout = SegmentLayout.Single(3);
        decoder.Logits(decoder.Hidden(torch.arange(3), layout), layout);
    }

    private static void Generation(byte[] bytes, string folder)
    {
        if (!File.Exists(Path.Combine(folder, "model.safetensors"))) ModelDirectory.Save(_decoder.Value, folder);
        Targets.Written(folder, "generation_config.json", bytes);
        using var decoder = ModelDirectory.Load(folder);
    }

    private static void OfStrangers(byte[] config, string folder)
    {
        if (!File.Exists(Path.Combine(folder, AdapterDirectory.WeightsFile))) Targets.Written(folder, AdapterDirectory.WeightsFile, AdapterWeights);
        Targets.Written(folder, AdapterDirectory.ConfigFile, config);
        using var adapter = AdapterDirectory.Load(_decoder.Value, folder);
    }

    private static void StrangersWeights(byte[] weights, string folder)
    {
        Targets.Written(folder, AdapterDirectory.ConfigFile, """{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["q_proj"]}"""u8.ToArray());
        Targets.Written(folder, AdapterDirectory.WeightsFile, weights);
        using var adapter = AdapterDirectory.Load(_decoder.Value, folder);
    }

    private static void Trained(byte[] manifest, string folder)
    {
        Targets.Written(folder, "m", [0]);
        Targets.Written(folder, CheckpointManifest.FileName, manifest);
        var (read, fault) = CheckpointManifest.ReadAndVerify(folder);
        if (read is null && fault is null or { Length: 0 }) throw new InvalidOperationException("a torn checkpoint without a reason");
    }
}
