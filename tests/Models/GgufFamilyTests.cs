using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Checkpoints.Gguf;

namespace AlpacaCot.Models.Tests;

/// <summary>Every architecture of GGUF files there and back, and how its tensors lie in the file.</summary>
public sealed class GgufFamilyTests : IDisposable
{
    private const string Llama = "\"vocab_size\": 50, \"hidden_size\": 32, \"intermediate_size\": 40, \"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"initializer_range\": 0.2";

    private static readonly Dictionary<string, string> _more = new()
    {
        ["mistral, no window"] = $$"""{"model_type": "mistral", {{Llama}}, "sliding_window": null}""",
        ["gemma2, released scale"] = $$"""{"model_type": "gemma2", {{Llama}}, "head_dim": 16, "sliding_window": 4, "query_pre_attn_scalar": 16, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 5.0}""",
        ["phi3, longrope"] = $$"""{"model_type": "phi3", {{Llama}}, "sliding_window": null, "max_position_embeddings": 64, "original_max_position_embeddings": 12, "rope_scaling": {"type": "su", "short_factor": [1.0, 1.25, 1.5, 2.0], "long_factor": [1.5, 2.0, 4.0, 8.0]} }""",
        ["baichuan2 rotary"] = $$"""{"model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], {{Llama}}, "max_position_embeddings": 64, "tokenizer_class": "BaichuanTokenizer"}""",
        ["baichuan of 40 blocks"] = """{"model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], "vocab_size": 50, "hidden_size": 12, "intermediate_size": 8, "num_hidden_layers": 40, "num_attention_heads": 3, "model_max_length": 64, "initializer_range": 0.2}""",
        ["internlm2, biases"] = $$"""{"model_type": "internlm2", {{Llama}}, "bias": true, "rope_scaling": {"type": "linear", "factor": 2.0} }""",
        ["internlm, dynamic"] = $$"""{"model_type": "internlm", {{Llama}}, "rotary": {"base": 10000, "type": "dynamic", "scaling_factor": 2.0} }""",
        ["gpt_neox, another activation"] = $$"""{"model_type": "gpt_neox", {{Llama}}, "hidden_act": "gelu_fast"}""",
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static Decoder Create(string name)
    {
        if (!_more.TryGetValue(name, out var json)) return FamilyModels.Create(name);
        var decoder = TestModels.Random(DecoderConfig.Read(json));
        using var _ = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        foreach (var parameter in decoder.Parameters.Values)
            if (parameter.dim() == 1) parameter.add_((torch.randn(parameter.shape, generator: generator) * 0.1).to(parameter.device));
        return decoder;
    }

    [Theory]
    [InlineData("mistral, no window", "llama")]
    [InlineData("internlm", "llama")]
    [InlineData("internlm2", "internlm2")]
    [InlineData("internlm2, biases", "internlm2")]
    [InlineData("baichuan rotary", "baichuan")]
    [InlineData("baichuan2 rotary", "baichuan")]
    [InlineData("baichuan of 40 blocks", "baichuan")]
    [InlineData("chatglm2", "chatglm")]
    [InlineData("phi3", "phi3")]
    [InlineData("phi3, longrope", "phi3")]
    [InlineData("gemma2, released scale", "gemma2")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("gpt_neox", "gpt_neox")]
    [InlineData("gpt_neox sequential", "gpt_neox")]
    [InlineData("bloom", "bloom")]
    [InlineData("phi", "phi")]
    public void Convert_ThereAndBack_LogitsOfTheModel(string family, string type)
    {
        using var decoder = Create(family);
        ModelDirectory.Save(decoder, _folder["hf"]);
        ModelConverter.Convert(_folder["hf"], _folder["m.gguf"]);
        using var again = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(type, again.ModelType);
        Assert.Equal(decoder.ParameterCount, again.ParameterCount);
        TestModels.AssertLogits(decoder, again, 1e-5);
        // What was read from the format goes into a folder like any other model.
        ModelConverter.Convert(_folder["m.gguf"], _folder["folder"]);
        using var folder = ModelDirectory.Load(_folder["folder"], new LoadOptions(Device: TestDevice.Chosen));
        TestModels.AssertLogits(again, folder, 0);
    }

    [Theory]
    [InlineData("internlm2")]
    [InlineData("gpt2")]
    [InlineData("bloom")]
    public void Convert_QuantisedThereAndBack_WeightsOfTheModel(string family)
    {
        using var decoder = FamilyModels.Create(family);
        ModelDirectory.Save(decoder, _folder["hf"]);
        ModelConverter.Convert(_folder["hf"], _folder["m.gguf"], new ConvertOptions(Dtype: "q8_0"));
        using var again = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(Device: TestDevice.Chosen));
        foreach (var (name, weight) in decoder.Parameters) GoldenTensors.AssertClose(weight, again.Parameters[name], 4.2e-3, name);
    }

    /// <summary>How llama.cpp's own converter lays the tensors, written down here a second time.</summary>
    [Fact]
    public void Convert_TensorsInTheFile_LieAsTheFormatHasThem()
    {
        using var scope = torch.NewDisposeScope();
        var (gpt2, gpt2File) = Written("gpt2");
        AssertEqual(gpt2["transformer.h.1.attn.c_attn.weight"].t(), gpt2File("blk.1.attn_qkv.weight"));
        AssertEqual(gpt2["transformer.wpe.weight"], gpt2File("position_embd.weight"));

        var (bloom, bloomFile) = Written("bloom");      // 6 heads of 6, each with its query, key and value
        var fused = bloom["transformer.h.0.self_attention.query_key_value.weight"];
        AssertEqual(torch.cat([.. Enumerable.Range(0, 3).SelectMany(part => Enumerable.Range(0, 6).Select(head => fused.narrow(0, (head * 3 + part) * 6, 6)))]), bloomFile("blk.0.attn_qkv.weight"));
        AssertEqual(bloom["transformer.word_embeddings_layernorm.bias"], bloomFile("token_embd_norm.bias"));

        var (internlm2, internlm2File) = Written("internlm2");      // 2 groups of 2 queries, a key and a value, each 8 wide
        var rows = internlm2["model.layers.2.attention.wqkv.weight"];
        Tensor Neighbours(Tensor head) => torch.cat([.. Enumerable.Range(0, 4).SelectMany(r => new[] { head.narrow(0, r, 1), head.narrow(0, r + 4, 1) })]);
        AssertEqual(torch.cat([.. new[] { 0, 8, 32, 40 }.Select(at => Neighbours(rows.narrow(0, at, 8)))]), internlm2File("blk.2.attn_q.weight"));
        AssertEqual(torch.cat([Neighbours(rows.narrow(0, 16, 8)), Neighbours(rows.narrow(0, 48, 8))]), internlm2File("blk.2.attn_k.weight"));
        AssertEqual(torch.cat([rows.narrow(0, 24, 8), rows.narrow(0, 56, 8)]), internlm2File("blk.2.attn_v.weight"));

        var (gemma, gemmaFile) = Written("gemma2, released scale");
        AssertEqual(gemma["model.layers.0.pre_feedforward_layernorm.weight"] + 1, gemmaFile("blk.0.ffn_norm.weight"));
        AssertEqual(gemma["model.layers.0.post_feedforward_layernorm.weight"] + 1, gemmaFile("blk.0.post_ffw_norm.weight"));

        var (phi3, phi3File) = Written("phi3, longrope");
        AssertEqual(phi3["model.layers.0.mlp.gate_up_proj.weight"], phi3File("blk.0.ffn_up.weight"));
        AssertEqual(torch.tensor(new[] { 1.5f, 2, 4, 8 }), phi3File("rope_factors_long.weight"));

        var (baichuan, baichuanFile) = Written("baichuan2 rotary");
        var head = baichuan["lm_head.weight"];
        AssertEqual(head / head.norm(1, keepdim: true, p: 2), baichuanFile("output.weight"));
    }

    [Fact]
    public void Read_OlderFusedProjection_RowsOfEach()
    {
        using var scope = torch.NewDisposeScope();
        var rows = torch.arange(8 * 3, ScalarType.Float32).view(8, 3);
        SafeTensors.Write(_folder["x.safetensors"], [new("x", rows)]);
        using var file = SafeTensors.Open(_folder["x.safetensors"]);
        var config = TestModels.Tiny with { Heads = 2, KeyValueHeads = 1, HeadDim = 2 };
        foreach (var (part, first, count) in new[] { (0, 0, 4), (1, 4, 2), (2, 6, 2) })
            AssertEqual(rows.narrow(0, first, count), new RowsOfFused("q", part).Read("n", [file["x"]], config).Load(ScalarType.Float32, CPU));
    }

    [Theory]
    [InlineData("baichuan alibi", "takes 40 blocks")]
    [InlineData("bloom after norm", "apply_residual_connection_post_layernorm")]
    [InlineData("gemma2", "query_pre_attn_scalar")]
    [InlineData("chatglm", "read in both directions")]
    [InlineData("mistral", "sliding window")]
    [InlineData("internlm, dynamic", "dynamic rotary scaling")]
    [InlineData("gpt_neox, another activation", "activation")]
    [InlineData("opt", "opt is not written as GGUF; written are baichuan, bloom, chatglm, gemma2, gpt2, gpt_neox, internlm, internlm2, llama, mistral, phi, phi3, qwen2, qwen3")]
    public void Convert_WhatTheFormatHasNoPlaceFor_Refused(string family, string message)
    {
        using var decoder = Create(family);
        ModelDirectory.Save(decoder, _folder["hf"]);
        Assert.Contains(message, Assert.Throws<ModelException>(() => ModelConverter.Convert(_folder["hf"], _folder["m.gguf"])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["m.gguf"]));
    }

    private (IReadOnlyDictionary<string, Tensor> Weights, Func<string, Tensor> InFile) Written(string family)
    {
        var decoder = Create(family);
        var path = _folder[family + ".gguf"];
        ModelDirectory.Save(decoder, _folder[family]);
        ModelConverter.Convert(_folder[family], path);
        var file = new MappedFile(path);
        var header = GgufHeader.Read(file);
        return (decoder.Parameters, name =>
        {
            var tensor = header.Tensors.Single(tensor => tensor.Name == name);
            return new StoredTensor(name, StoredType.Of(ScalarType.Float32), tensor.Shape, file, tensor.Offset).Map();
        });
    }

    private static void AssertEqual(Tensor expected, Tensor actual) => GoldenTensors.AssertClose(expected, actual, 1e-6, "tensor");
}
