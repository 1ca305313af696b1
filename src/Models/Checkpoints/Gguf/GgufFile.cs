using System.Text.Json.Nodes;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>llama.cpp's GGUF: one file with configuration, tokenizer and weights, which may be quantised in blocks.</summary>
internal static class GgufFile
{
    // llama.cpp stores Llama 3's scaling as a factor per frequency; these are the settings of the released models (3.1 and 3.3, 3.2).
    private static readonly double[] Llama3Factors = [8, 32];

    private const string FrequencyFactors = "rope_freqs.weight";

    /// <summary>Whether a file begins as one.</summary>
    public static bool Recognises(string path)
    {
        var start = new byte[4];
        using var stream = RegularFile.OpenRead(path);
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && GgufHeader.Recognises(start);
    }

    /// <summary>Opens a file as a model; its tensors are mapped, and read when asked for.</summary>
    /// <exception cref="ModelException">It is damaged, or of an architecture that is not read.</exception>
    public static Checkpoint Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            var header = GgufHeader.Read(file);
            var architecture = ArchitectureOf(header);
            var config = DecoderConfig.Read(Config(file, header, architecture).ToJsonString(), path);
            var tensors = header.Tensors.Where(tensor => tensor.Name != FrequencyFactors).Select(tensor => Stored(file, tensor, architecture, config));
            return new Checkpoint(path, config, tensors, [file]) { Dtype = config.Dtype };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static GgufArchitecture ArchitectureOf(GgufHeader header)
    {
        var name = header.Text("general.architecture") ?? throw header.Error("general.architecture", "is missing");
        return GgufArchitecture.All.FirstOrDefault(known => known.Name == name)
            ?? throw header.Error("general.architecture", $"is '{name}'; read are {string.Join(", ", GgufArchitecture.All.Select(known => known.Name))}");
    }

    private static StoredTensor Stored(MappedFile file, GgufTensor tensor, GgufArchitecture architecture, DecoderConfig config)
    {
        var name = GgufNames.ToHuggingFace(tensor.Name) ?? tensor.Name;
        var stored = tensor.Type.Scalar is { } scalar
            ? new StoredTensor(name, StoredType.Of(scalar), tensor.Shape, file, tensor.Offset)
            : new StoredTensor(name, new StoredType(tensor.Type.Name, 32, ScalarType.Float32), tensor.Shape, file, tensor.Offset, () => Dequantised(file, tensor));
        if (!architecture.PairedRows) return stored;
        return GgufNames.IsQuery(name) ? stored.PairsToHalves(config.Heads) : GgufNames.IsKey(name) ? stored.PairsToHalves(config.KeyValueHeads) : stored;
    }

    private static unsafe Tensor Dequantised(MappedFile file, GgufTensor tensor)
    {
        var values = torch.empty([tensor.Elements], ScalarType.Float32);
        GgufBlocks.Dequantise(tensor.Type, file.Address(tensor.Offset, checked(tensor.Elements / tensor.Type.Elements * tensor.Type.Bytes)), tensor.Elements / tensor.Type.Elements, (nint)values.Pointer());
        return values;
    }

    // The config.json that the same model has in Hugging Face's layout.
    private static JsonObject Config(MappedFile file, GgufHeader header, GgufArchitecture architecture)
    {
        string Key(string name) => $"{architecture.Name}.{name}";
        int Needed(string name) => header.Integer(Key(name)) ?? throw header.Error(Key(name), "is missing");
        GgufTensor? Tensor(string name) => header.Tensors.FirstOrDefault(tensor => tensor.Name == name);
        if (header.Integer(Key("expert_count")) is > 0) throw header.Error(Key("expert_count"), "is set: mixtures of experts are not read");
        if (Needed("block_count") > header.Tensors.Count) throw header.Error(Key("block_count"), $"is {Needed("block_count")}, more than there are tensors");

        var embedding = Tensor("token_embd.weight") ?? throw new ModelException($"{file.Path}: has no tensor 'token_embd.weight'");
        int hidden = Needed("embedding_length"), heads = Needed("attention.head_count");
        if (heads == 0 || hidden % heads != 0 && header.Integer(Key("attention.key_length")) is null) throw header.Error(Key("attention.head_count"), $"is {heads}, which does not divide {hidden}");
        var headDim = header.Integer(Key("attention.key_length")) ?? hidden / heads;
        if ((header.Integer(Key("rope.dimension_count")) ?? headDim) is var rotated && rotated != headDim)
            throw header.Error(Key("rope.dimension_count"), $"is {rotated}: heads of {headDim} that are rotated in part are not read");
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture.Class),
            ["model_type"] = architecture.ModelType,
            ["vocab_size"] = embedding.Shape[0],
            ["hidden_size"] = hidden,
            ["intermediate_size"] = Needed("feed_forward_length"),
            ["num_hidden_layers"] = Needed("block_count"),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = header.Integer(Key("attention.head_count_kv")) ?? heads,
            ["head_dim"] = headDim,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = Needed("context_length"),
            ["rms_norm_eps"] = header.Real(Key("attention.layer_norm_rms_epsilon")) ?? throw header.Error(Key("attention.layer_norm_rms_epsilon"), "is missing"),
            ["rope_theta"] = header.Real(Key("rope.freq_base")) ?? 10000,
            ["tie_word_embeddings"] = Tensor("output.weight") is null,
            ["attention_bias"] = Tensor("blk.0.attn_output.bias") is not null,
            ["torch_dtype"] = ConfigKeys.NameOf(Dtype(header)),
        };
        if (Scaling(file, header, Key, headDim) is { } scaling) json["rope_scaling"] = scaling;
        foreach (var (to, from) in new[] { ("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding") })
            if (header.Integer($"tokenizer.ggml.{from}_token_id") is { } id) json[to] = id;
        return json;
    }

    // What all matrices are stored as, where that is one plain type; else they become fp32.
    private static ScalarType Dtype(GgufHeader header)
        => header.Tensors.Where(tensor => tensor.Shape.Length > 1).Select(tensor => tensor.Type.Scalar).Distinct().ToList() is [{ } only] ? only : ScalarType.Float32;

    private static JsonObject? Scaling(MappedFile file, GgufHeader header, Func<string, string> key, int headDim)
    {
        if (header.Tensors.FirstOrDefault(tensor => tensor.Name == FrequencyFactors) is { } factors) return Llama3(file, header, factors, key, headDim);
        var kind = header.Text(key("rope.scaling.type")) ?? "none";
        if (kind == "none") return null;
        if (kind is not ("linear" or "yarn")) throw header.Error(key("rope.scaling.type"), $"is '{kind}'; read are none, linear and yarn");
        var scaling = new JsonObject { ["rope_type"] = kind, ["factor"] = header.Real(key("rope.scaling.factor")) ?? throw header.Error(key("rope.scaling.factor"), "is missing") };
        if (header.Integer(key("rope.scaling.original_context_length")) is { } original) scaling["original_max_position_embeddings"] = original;
        return scaling;
    }

    private static JsonObject Llama3(MappedFile file, GgufHeader header, GgufTensor factors, Func<string, string> key, int headDim)
    {
        if (factors.Type != GgufType.F32 || factors.Elements != headDim / 2) throw new ModelException($"{file.Path}: {FrequencyFactors} is not {headDim / 2} values in F32");
        using var stored = new StoredTensor(factors.Name, StoredType.Of(ScalarType.Float32), factors.Shape, file, factors.Offset).Copy();
        var given = stored.ToArray<float>();
        var plain = new RotarySettings { Theta = header.Real(key("rope.freq_base")) ?? 10000 };
        foreach (var factor in Llama3Factors)
        {
            var settings = plain with { Scaling = RotaryScaling.Llama3, Factor = factor, OriginalMaxPositions = 8192 };
            var expected = RotaryFrequencies.Compute(plain, headDim, 0).Zip(RotaryFrequencies.Compute(settings, headDim, 0), (a, b) => a / b);
            if (expected.Zip(given).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-3 * pair.First)) return RotaryKeys.Write(settings)!;
        }
        throw new ModelException($"{file.Path}: {FrequencyFactors} are not those of Llama 3.1, 3.2 or 3.3, and others are not read");
    }
}
