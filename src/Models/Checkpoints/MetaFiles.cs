using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>
/// Meta's own layout of LLaMA: <c>params.json</c> and <c>consolidated.00.pth</c>, with <c>.01.pth</c> and so on where the model is cut for several devices.
/// Queries and keys are stored for a rotary embedding over neighbouring pairs and are put into halves on the way in.
/// </summary>
internal static class MetaFiles
{
    private const int Llama3Vocabulary = 128_256;

    private static readonly (string Meta, string HuggingFace)[] Names =
    [
        ("tok_embeddings", "model.embed_tokens"), ("norm", "model.norm"), ("output", "lm_head"),
        ("attention.wq", "self_attn.q_proj"), ("attention.wk", "self_attn.k_proj"), ("attention.wv", "self_attn.v_proj"), ("attention.wo", "self_attn.o_proj"),
        ("feed_forward.w1", "mlp.gate_proj"), ("feed_forward.w2", "mlp.down_proj"), ("feed_forward.w3", "mlp.up_proj"),
        ("attention_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
    ];

    /// <summary>Hugging Face's name of a tensor; null for what is no parameter (<c>rope.freqs</c>).</summary>
    public static string? HuggingFaceName(string meta)
    {
        var (prefix, module) = ("", meta.EndsWith(".weight", StringComparison.Ordinal) ? meta[..^".weight".Length] : "");
        if (module.StartsWith("layers.", StringComparison.Ordinal) && module.IndexOf('.', "layers.".Length) is var dot and > 0)
            (prefix, module) = ("model." + module[..(dot + 1)], module[(dot + 1)..]);
        foreach (var (from, to) in Names)
            if (from == module) return $"{prefix}{to}.weight";
        return null;
    }

    /// <summary>The weight files of a directory, in the order of their parts.</summary>
    public static IReadOnlyList<string> Locate(string directory)
    {
        var weights = Directory.EnumerateFiles(directory, "consolidated.*.pth").Order(StringComparer.Ordinal).ToList();
        if (weights.Count == 0) throw new ModelException($"{directory}: params.json lies there, but no consolidated.00.pth");
        for (var part = 0; part < weights.Count; part++)
            if (Path.GetFileName(weights[part]) is var name && name != $"consolidated.{part:D2}.pth")
                throw new ModelException($"{directory}: consolidated.{part:D2}.pth is missing; {name} lies there (is the download complete?)");
        return weights;
    }

    public static Checkpoint Open(string directory)
    {
        var files = new List<TensorFile>();
        try
        {
            foreach (var part in Locate(directory)) files.Add(TorchFile.Open(part));
            var keys = ConfigKeys.Parse(JsonText.Read(Path.Combine(directory, "params.json")), Path.Combine(directory, "params.json"));
            var whole = MetaParts.Join(files, keys.Count("dim"), keys.Count("n_heads")).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
            var config = ReadConfig(keys, files[0].Path, whole);
            var tensors = whole.Values.Select(t => (Tensor: t, Name: HuggingFaceName(t.Name))).Where(t => t.Name is not null).Select(t => Renamed(t.Tensor, t.Name!, config));
            return new Checkpoint(directory, config, tensors, files);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    private static StoredTensor Renamed(StoredTensor tensor, string name, DecoderConfig config)
    {
        var renamed = tensor.As(name);
        return name.EndsWith("q_proj.weight", StringComparison.Ordinal) ? renamed.PairsToHalves(config.Heads)
            : name.EndsWith("k_proj.weight", StringComparison.Ordinal) ? renamed.PairsToHalves(config.KeyValueHeads)
            : renamed;
    }

    private static DecoderConfig ReadConfig(ConfigKeys keys, string file, Dictionary<string, StoredTensor> tensors)
    {
        int dim = keys.Count("dim"), heads = keys.Count("n_heads");
        if (dim % heads != 0) throw keys.Error("n_heads", $"is {heads}, which does not divide dim {dim}");
        // vocab_size is -1 in released files and the MLP's width follows from three keys: the tensors say both plainly.
        var vocabulary = Rows("tok_embeddings.weight");
        var third = vocabulary == Llama3Vocabulary;
        var theta = keys.Real("rope_theta", 10000);
        return new DecoderConfig
        {
            ModelType = "llama",
            VocabularySize = vocabulary,
            HiddenSize = dim,
            IntermediateSize = Rows("layers.0.feed_forward.w1.weight"),
            Layers = keys.Count("n_layers"),
            Heads = heads,
            KeyValueHeads = keys.Count("n_kv_heads", heads),
            HeadDim = dim / heads,
            NormEpsilon = keys.Real("norm_eps", 1e-5),
            MaxPositions = third ? 8192 : 2048,
            Rotary = keys.Flag("use_scaled_rope", false)
                ? new RotarySettings { Theta = theta, Scaling = RotaryScaling.Llama3, Factor = 8, OriginalMaxPositions = 8192 }
                : new RotarySettings { Theta = theta, OriginalMaxPositions = third ? 8192 : 2048 },
            BosTokenId = third ? 128000 : 1,
            EosTokenIds = third ? [128001, 128009] : [2],
            Dtype = Tensor("tok_embeddings.weight").Type.Scalar ?? throw new ModelException($"{file}: tok_embeddings.weight has an unusable type"),
        };

        StoredTensor Tensor(string name) => tensors.GetValueOrDefault(name) ?? throw new ModelException($"{file}: has no tensor '{name}'");

        int Rows(string name) => Tensor(name).Shape is [> 0 and <= ConfigKeys.MostOfAnything and var rows, _]
            ? (int)rows
            : throw new ModelException($"{file}: {name} [{string.Join(", ", Tensor(name).Shape)}] is no matrix of 1 to {ConfigKeys.MostOfAnything} rows");
    }
}
