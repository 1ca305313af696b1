using System.Text.Json.Nodes;
using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>
/// Weights of the base that a member trains as its own beside any method. What they compute is what the method alone computes over a base that has those
/// weights, which is the reference here; their gradients are those of the base's own weights.
/// </summary>
public sealed class OwnWeightsTests : IDisposable
{
    private static readonly int[] _ids = [3, 14, 15, 9, 26, 5];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Llama = """{"model_type": "llama", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2, "attention_bias": true, "mlp_bias": true}""";
    private const string Bloom = """{"model_type": "bloom", "vocab_size": 50, "n_embed": 32, "n_layer": 2, "num_attention_heads": 4, "initializer_range": 0.2}""";
    private const string Gpt2 = """{"model_type": "gpt2", "vocab_size": 50, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "initializer_range": 0.2}""";
    private const string Phi = """{"model_type": "phi", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "initializer_range": 0.2, "partial_rotary_factor": 0.5}""";

    public static TheoryData<string> Bases => [Llama, Bloom, Gpt2, Phi];

    // Every method of PEFT with what each takes; the bases decide the targets.
    private static readonly string[] _methods =
    [
        """{"peft_type": "LORA", "r": 3, "init_lora_weights": false, "bias": "all"}""",
        """{"peft_type": "LORA", "r": 1, "init_lora_weights": false, "bias": "lora_only", "layers_to_transform": 1}""",
        """{"peft_type": "LORA", "r": 40, "init_lora_weights": false, "target_modules": "all-linear", "bias": "all"}""",
        """{"peft_type": "LORA", "r": 3, "init_lora_weights": false, "use_dora": true, "bias": "all"}""",
        """{"peft_type": "ADALORA", "init_r": 3, "total_step": 10, "bias": "all"}""",
        """{"peft_type": "ADALORA", "init_r": 2, "total_step": 10, "bias": "lora_only"}""",
        """{"peft_type": "VERA", "r": 8, "init_weights": false, "bias": "all"}""",
        """{"peft_type": "VERA", "r": 70, "init_weights": false, "bias": "vera_only", "save_projection": false}""",
        """{"peft_type": "OFT", "oft_block_size": 8, "init_weights": false, "bias": "all"}""",
        """{"peft_type": "OFT", "r": 2, "oft_block_size": 0, "init_weights": false, "bias": "oft_only", "use_cayley_neumann": false}""",
        """{"peft_type": "LOHA", "r": 2, "init_weights": false}""",
        """{"peft_type": "IA3", "init_ia3_weights": false}""",
        """{"peft_type": "LN_TUNING"}""",
        """{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}""",
        """{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3}""",
        """{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 4}""",
        """{"peft_type": "BOTTLENECK", "bottleneck_size": 4}""",
    ];

    [Theory, MemberData(nameof(Bases))]
    public void Logits_EveryMethodWithWeightsOfItsOwn_ThoseOfABaseThatHasThem(string model)
    {
        foreach (var json in _methods)
        {
            using Decoder decoder = Base(model), changed = Base(model);
            using var adapter = Moved(decoder, With(json, SomeModules(decoder)));
            using var plain = Over(changed, adapter, json);
            var (bank, other) = (new AdapterBank(decoder), new AdapterBank(changed));
            int member = bank.Add(adapter), reference = other.Add(plain);

            var own = TinyDecoder.Logits(decoder, bank, (member, _ids))[0];

            Near(TinyDecoder.Logits(changed, other, (reference, _ids))[0], own, json);
            Near(own, Decoded(decoder, bank, member), json + " token by token");
            Near(TinyDecoder.Logits(decoder, null, (-1, _ids))[0], TinyDecoder.Logits(decoder, bank, (member, _ids), (-1, _ids))[1], json + " beside the bare base");
        }
    }

    [Theory, MemberData(nameof(Bases))]
    public void Gradients_OfWeightsOfItsOwn_ThoseOfTheBasesWeights(string model)
    {
        foreach (var json in _methods.Where(json => !json.Contains("_only", StringComparison.Ordinal)))
        {
            using Decoder decoder = Base(model), changed = Base(model);
            using var adapter = Moved(decoder, With(json, SomeModules(decoder)));
            using var plain = Over(changed, adapter, json);
            var (bank, other) = (new AdapterBank(decoder), new AdapterBank(changed));
            int member = bank.Add(adapter), reference = other.Add(plain);
            using var scope = torch.NewDisposeScope();
            using var trained = new BaseParameters(changed);
            Autograd.Backward(Loss(decoder, bank, member));
            Autograd.Backward(Loss(changed, other, reference));
            foreach (var parameter in Own(adapter))
            {
                var expected = changed.Parameters.Single(p => Key(parameter.Key).EndsWith(p.Key, StringComparison.Ordinal) || p.Key.EndsWith(Key(parameter.Key), StringComparison.Ordinal)).Value.grad;
                Assert.NotNull(expected);
                Assert.NotNull(parameter.Value.grad);
                Near(expected.ToArray<float>(), parameter.Value.grad.ToArray<float>(), $"{json} {parameter.Key}");
            }
        }
    }

    [Theory, MemberData(nameof(Bases))]
    public void Save_EveryMethodWithWeightsOfItsOwn_LoadsTheSameAndMergesOrSaysWhyNot(string model)
    {
        foreach (var (json, number) in _methods.Select((json, number) => (json, number)))
        {
            using var decoder = Base(model);
            using var adapter = Moved(decoder, With(json, SomeModules(decoder)));
            var folder = _folder[$"{number}"];
            AdapterDirectory.Save(adapter, folder);
            AdapterFolderCheck.RequireSaved(adapter, folder);
            using var loaded = AdapterDirectory.Load(decoder, folder);
            Assert.Equal(adapter.Config.ToJson(), loaded.Config.ToJson());
            var bank = new AdapterBank(decoder);
            int member = bank.Add(adapter), again = bank.Add(loaded);
            var own = TinyDecoder.Logits(decoder, bank, (member, _ids))[0];
            Near(own, TinyDecoder.Logits(decoder, bank, (again, _ids))[0], json);
            if (adapter.MergeObstacle is not null) continue;
            Assert.InRange(Merger.Merge(decoder, loaded, [_ids], 1e-4).Relative, 0, 1e-4);
            ModelDirectory.Save(decoder, _folder["merged"]);
            using var merged = ModelDirectory.Load(_folder["merged"], new LoadOptions(Device: TestDevice.Chosen));
            Near(own, TinyDecoder.Logits(merged, null, (-1, _ids))[0], json + " merged");
        }
    }

    /// <summary>PEFT's names: the module's own path, the base layer's bias where the adapter acts, and the model's name once where no module is wrapped.</summary>
    [Theory]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["query_key_value"], "bias": "all", "layers_to_transform": [0]}""", "base_model.model.transformer.h.0.self_attention.query_key_value.base_layer.bias base_model.model.transformer.h.1.self_attention.query_key_value.bias base_model.model.transformer.ln_f.bias base_model.model.transformer.word_embeddings_layernorm.bias", 14)]
    [InlineData("""{"peft_type": "VERA", "target_modules": ["dense"], "bias": "vera_only"}""", "base_model.model.transformer.h.0.self_attention.dense.base_layer.bias base_model.model.transformer.h.1.self_attention.dense.base_layer.bias", 2)]
    [InlineData("""{"peft_type": "IA3", "modules_to_save": ["lm_head", "ln_f"]}""", "base_model.model.lm_head.weight base_model.model.transformer.ln_f.weight base_model.model.transformer.ln_f.bias", 3)]
    [InlineData("""{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 2, "modules_to_save": ["lm_head"]}""", "base_model.lm_head.weight", 1)]
    [InlineData("""{"peft_type": "LN_TUNING", "target_modules": ["ln_f"], "modules_to_save": ["h.1.mlp"]}""", "base_model.model.transformer.h.1.mlp.dense_h_to_4h.weight base_model.model.transformer.h.1.mlp.dense_4h_to_h.bias", 4)]
    public void Save_OnABloom_PeftsKeys(string json, string keys, int count)
    {
        using var decoder = Base(Bloom);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(json));
        Assert.Equal(count, Own(adapter).Count);
        foreach (var key in keys.Split(' ')) Assert.Contains(key, adapter.Parameters.Select(p => p.Key));
        var written = JsonNode.Parse(adapter.Config.ToJson())!;
        foreach (var field in JsonNode.Parse(json)!.AsObject().Where(field => field.Key is "bias" or "modules_to_save")) Assert.True(JsonNode.DeepEquals(field.Value, written[field.Key]), $"{field.Key} became {written[field.Key]}");
    }

    [Fact]
    public void Create_TargetInsideAModuleThatIsTrainedWhole_GetsNoAdapter()
    {
        using var decoder = Base(Llama);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read("""{"peft_type": "LORA", "r": 2, "target_modules": "all-linear", "modules_to_save": ["mlp", "layers.0.self_attn.q_proj"]}"""));
        Assert.DoesNotContain(adapter.Parameters, p => p.Key.Contains("lora", StringComparison.Ordinal) && (p.Key.Contains(".mlp.", StringComparison.Ordinal) || p.Key.Contains("layers.0.self_attn.q_proj", StringComparison.Ordinal)));
        Assert.Contains(adapter.Parameters, p => p.Key.Contains("layers.1.self_attn.q_proj.lora_A", StringComparison.Ordinal));
        Assert.Contains(adapter.Parameters, p => p.Key == "base_model.model.model.layers.0.self_attn.q_proj.bias");
    }

    [Theory]
    [InlineData(Llama, """{"peft_type": "IA3", "modules_to_save": ["lm_haed"]}""", "'lm_haed' is no module of this model that can be trained whole; there are embed_tokens, q_proj")]
    [InlineData(Gpt2, """{"peft_type": "LORA", "modules_to_save": ["transformer"]}""", "transformer.wpe cannot be trained whole")]
    [InlineData(Llama, """{"peft_type": "VERA", "bias": "lora_only"}""", "bias = \"lora_only\", expected none, vera_only, all")]
    public void Create_WhatCannotBeItsOwn_OneLineThatNamesIt(string model, string json, string says)
    {
        using var decoder = Base(model);
        var message = Assert.ThrowsAny<AdapterException>(() => TinyDecoder.Adapter(decoder, AdapterConfig.Read(json))).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    /// <summary>As transformers' Trainer: biases and norms are not decayed; as PEFT's LoRA+: vectors at B's rate.</summary>
    [Fact]
    public void Parameters_OfWeightsOfItsOwn_DecayAndRateOfTheirGroups()
    {
        using var decoder = Base(Llama);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read("""{"peft_type": "LORA", "bias": "all", "modules_to_save": ["norm", "lm_head"], "loraplus_lr_ratio": 8.0}"""));
        Assert.NotEmpty(Own(adapter));
        foreach (var parameter in Own(adapter))
            Assert.Equal((parameter.Key.EndsWith("lm_head.weight", StringComparison.Ordinal), parameter.Value.dim() == 1 ? 8 : 1), (parameter.Decays, parameter.RateFactor));
    }

    // Embedding, head, a norm and a projection in a block, by the family's names.
    private static string[] SomeModules(Decoder decoder) => [decoder.EmbeddingPath, decoder.HeadPath, decoder.Norms[1].Path, decoder.Projections[1].Path];

    private static string With(string json, string[] modules)
    {
        var fields = JsonNode.Parse(json)!.AsObject();
        fields["modules_to_save"] = new JsonArray([.. modules.Select(module => (JsonNode)module)]);
        return fields.ToJsonString();
    }

    private static Decoder Base(string model)
    {
        using var generator = new Generator(7);
        var decoder = Decoder.CreateRandom(DecoderConfig.Read(model), generator, ScalarType.Float32, TestDevice.Chosen);
        using var frozen = torch.no_grad();
        foreach (var (name, value) in decoder.Parameters)
            if (name.EndsWith("bias", StringComparison.Ordinal)) value.copy_(torch.randn(value.shape, generator: generator) * 0.5);
        return decoder;
    }

    private static Adapter Moved(Decoder decoder, string json)
    {
        var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(json));
        using var generator = new Generator(5);
        using (torch.no_grad())
            foreach (var parameter in adapter.Parameters) parameter.Value.add_((torch.randn(parameter.Value.shape, generator: generator) * 0.1).to(parameter.Value.device));
        adapter.ValuesChanged();
        return adapter;
    }

    // The same method with the same values over a base that has the weights; its configuration trains none of them.
    private static Adapter Over(Decoder changed, Adapter adapter, string json)
    {
        var own = Own(adapter).ToDictionary(p => Key(p.Key), p => p.Value.detach());
        using var frozen = torch.no_grad();
        changed.Untie();
        foreach (var site in changed.Projections)
        {
            var (weight, bias) = (own.GetValueOrDefault($"{site.Path}.weight"), own.GetValueOrDefault($"{site.Path}.bias"));
            site.Weights.Replace(weight is null ? site.Weights.Dequantise() : site.Weights.StoredTurned ? weight.t() : weight, bias ?? site.Weights.Bias?.clone());
        }
        foreach (var norm in changed.Norms)
        {
            if (own.TryGetValue($"{norm.Path}.weight", out var weight)) norm.Weight.copy_(weight);
            if (own.TryGetValue($"{norm.Path}.bias", out var bias)) norm.Bias!.copy_(bias);
        }
        changed.Embedding.copy_(own[$"{changed.EmbeddingPath}.weight"]);
        changed.Head.Replace(own[$"{changed.HeadPath}.weight"], own.GetValueOrDefault($"{changed.HeadPath}.bias"));
        // Targets of its own are left out of the method there as here.
        var fields = JsonNode.Parse(adapter.Config.ToJson())!.AsObject();
        fields["modules_to_save"] = null;
        if (fields.ContainsKey("bias")) fields["bias"] = "none";
        if (fields.ContainsKey("target_modules") && changed.Projections[1].Path is var whole)
            fields["target_modules"] = new JsonArray([.. (fields["target_modules"]!.AsArray().Select(name => name!.GetValue<string>()) is var names && json.Contains("LN_TUNING", StringComparison.Ordinal)
                ? changed.Norms.Where(norm => norm != changed.Norms[1]).Select(norm => norm.Path)
                : adapter.Targets.Where(site => site.Path != whole).Select(site => site.Path)).Where(path => names.Any(ModuleSelectionOf(path))).Select(path => (JsonNode)path)]);
        fields.Remove("layers_to_transform");
        if (fields["feedforward_modules"] is JsonArray feedforward)
            fields["feedforward_modules"] = new JsonArray([.. fields["target_modules"]!.AsArray().Select(path => path!.GetValue<string>()).Where(path => feedforward.Any(name => path.EndsWith(name!.GetValue<string>(), StringComparison.Ordinal))).Select(path => (JsonNode)path)]);
        var plain = TinyDecoder.Adapter(changed, AdapterConfig.Read(fields.ToJsonString()));
        Assert.Equal(adapter.Parameters.Count - own.Count, plain.Parameters.Count);
        foreach (var (to, from) in plain.Parameters.Zip(adapter.Parameters)) to.Value.copy_(from.Value);
        plain.ValuesChanged();
        return plain;
    }

    private static Func<string, bool> ModuleSelectionOf(string path) => name => path == name || path.EndsWith("." + name, StringComparison.Ordinal);

    private static IReadOnlyList<AdapterParameter> Own(Adapter adapter)
    {
        var own = Assert.IsType<WithOwnWeights>(adapter);
        return [.. own.Parameters.Skip(own.Method.Parameters.Count)];
    }

    private static string Key(string key) => (key.StartsWith("base_model.model.", StringComparison.Ordinal) && !key.StartsWith("base_model.model.layers.", StringComparison.Ordinal) && !key.StartsWith("base_model.model.embed", StringComparison.Ordinal) && !key.StartsWith("base_model.model.norm", StringComparison.Ordinal) && !key.StartsWith("base_model.model.final", StringComparison.Ordinal)
        ? key["base_model.model.".Length..] : key["base_model.".Length..]).Replace(".base_layer.", ".", StringComparison.Ordinal);

    private static Tensor Loss(Decoder decoder, AdapterBank bank, int member)
    {
        var layout = SegmentLayout.Single(_ids.Length, member);
        return decoder.Logits(decoder.Hidden(torch.tensor(Array.ConvertAll(_ids, id => (long)id)), layout, bank), layout, bank).square().sum();
    }

    // The last tokens one at a time behind a cache, as a server computes them.
    private static float[] Decoded(Decoder decoder, AdapterBank bank, int member)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var logits = new List<float>();
        for (int at = 0, count = 3; at < _ids.Length; at += count, count = 1)
        {
            var layout = new SegmentLayout([new Segment(0, count, member, at, sequence)]);
            logits.AddRange(decoder.Logits(decoder.Hidden(torch.tensor(_ids[at..(at + count)].Select(id => (long)id).ToArray()), layout, bank, cache), layout, bank).ToArray<float>());
        }
        return [.. logits];
    }

    private static void Near(float[] want, float[] have, string what)
    {
        Assert.Equal(want.Length, have.Length);
        var worst = want.Zip(have, (x, y) => Math.Abs(x - y)).Max();
        Assert.True(worst <= 1e-4 * Math.Max(1e-3, want.Max(Math.Abs)), $"{what}: differs by {worst:E2} of {want.Max(Math.Abs):E2}");
    }
}
