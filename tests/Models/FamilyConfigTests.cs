using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Tests;

/// <summary>What the config.json of each family means: keys that are left out, null, of older and newer forms; types that are not known.</summary>
public sealed class FamilyConfigTests
{
    private const string Sizes = "\"vocab_size\": 50, \"hidden_size\": 64, \"intermediate_size\": 24, \"num_hidden_layers\": 4, \"num_attention_heads\": 4";

    private static DecoderConfig Read(string modelType, string more = "") => DecoderConfig.Read($"{{\"model_type\": \"{modelType}\", {Sizes}{(more.Length > 0 ? ", " + more : "")}}}");

    [Theory]
    [InlineData("mistral", "\"num_key_value_heads\": 2", new[] { 4096, 4096, 4096, 4096 })]      // transformers' default where the key is left out
    [InlineData("mistral", "\"num_key_value_heads\": 2, \"sliding_window\": null", new int[0])]
    [InlineData("phi3", "", new int[0])]
    [InlineData("phi3", "\"sliding_window\": 5", new[] { 5, 5, 5, 5 })]
    [InlineData("qwen2", "\"num_key_value_heads\": 4, \"sliding_window\": 8", new int[0])]
    [InlineData("qwen2", "\"num_key_value_heads\": 4, \"sliding_window\": 8, \"use_sliding_window\": true, \"max_window_layers\": 3", new[] { 0, 0, 0, 8 })]
    [InlineData("qwen3", "\"num_key_value_heads\": 4, \"sliding_window\": 8, \"use_sliding_window\": true, \"layer_types\": [\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]", new[] { 0, 8, 0, 0 })]
    [InlineData("gemma2", "\"num_key_value_heads\": 4, \"sliding_window\": 6", new[] { 6, 0, 6, 0 })]
    public void Read_SlidingWindow_PerBlock(string modelType, string keys, int[] windows) => Assert.Equal(windows, Read(modelType, keys).Windows);

    [Fact]
    public void Read_KeysThatAreLeftOut_AreEachFamilysDefaults()
    {
        Assert.Equal((128, 1e-6, false), Read("qwen3", "\"num_key_value_heads\": 4") is var qwen ? (qwen.HeadDim, qwen.NormEpsilon, qwen.TieWordEmbeddings) : default);
        var gemma = Read("gemma2");
        Assert.Equal((256, 4, true, 1.0 / 16, 50.0, 30.0), (gemma.HeadDim, gemma.KeyValueHeads, gemma.TieWordEmbeddings, gemma.AttentionScale, gemma.ScoreCap, gemma.LogitCap));
        Assert.Equal(0, Read("gemma2", "\"attn_logit_softcapping\": null").ScoreCap);
        var neox = Read("gpt_neox");
        Assert.Equal((4, true, true, Activation.GeluErf, 1e-5), (neox.Rotary.Width, neox.ParallelResidual, neox.AttentionBias, neox.Activation, neox.NormEpsilon));
        Assert.Equal((8, Activation.GeluTanh), (Read("phi").Rotary.Width, Read("phi").Activation));
        var opt = DecoderConfig.Read("""{"model_type": "opt", "vocab_size": 50, "hidden_size": 64, "ffn_dim": 24, "num_hidden_layers": 4, "num_attention_heads": 4}""");
        Assert.Equal((true, true, true, 64, 24), (opt.NormFirst, opt.FinalNorm, opt.TieWordEmbeddings, opt.EmbeddingSize, opt.IntermediateSize));
        var gpt2 = DecoderConfig.Read("""{"model_type": "gpt2", "vocab_size": 50, "n_embd": 64, "n_layer": 4, "n_head": 4}""");
        Assert.Equal((1024, 256, true), (gpt2.MaxPositions, gpt2.IntermediateSize, gpt2.TieWordEmbeddings));
        var gptj = DecoderConfig.Read("""{"model_type": "gptj", "vocab_size": 50, "n_embd": 512, "n_layer": 4, "n_head": 4}""");
        Assert.Equal((64, true, false), (gptj.Rotary.Width, gptj.Rotary.Pairs, gptj.TieWordEmbeddings));
    }

    /// <summary>Phi-3's long contexts in the names of its releases: the factor of the scores is √(1 + ln(stretch) / ln(trained length)) unless the file gives one.</summary>
    [Theory]
    [InlineData("su", "\"max_position_embeddings\": 64, \"original_max_position_embeddings\": 16", "", 16, 4.0)]
    [InlineData("longrope", "\"max_position_embeddings\": 64, \"original_max_position_embeddings\": 16", "\"factor\": 32.0,", 16, 4.0)]
    [InlineData("longrope", "\"max_position_embeddings\": 64", "\"factor\": 8.0,", 64, 8.0)]
    [InlineData("yarn", "\"max_position_embeddings\": 64, \"original_max_position_embeddings\": 64", "", 64, 1.0)]
    public void Read_LongRope_DivisorsAndFactorOfTheScores(string type, string keys, string more, int trained, double stretch)
    {
        var rotary = Read("phi3", $"\"head_dim\": 8, {keys}, \"rope_scaling\": {{{more} \"type\": \"{type}\", \"short_factor\": [1, 1, 2, 3], \"long_factor\": [1, 2, 4, 8]}}").Rotary;
        Assert.Equal((RotaryScaling.LongRope, trained), (rotary.Scaling, rotary.OriginalMaxPositions));
        Assert.Equal(stretch == 1 ? 1 : Math.Sqrt(1 + Math.Log(stretch) / Math.Log(trained)), rotary.AttentionFactor, 1e-12);
        for (var i = 0; i < 4; i++)
        {
            var plain = Math.Pow(10000, -i / 4.0);
            Assert.Equal(plain / new[] { 1, 1, 2, 3 }[i], Blocks.RotaryFrequencies.Compute(rotary, 8, trained)[i], 1e-7);
            Assert.Equal(plain / new[] { 1, 2, 4, 8 }[i], Blocks.RotaryFrequencies.Compute(rotary, 8, trained + 1)[i], 1e-7);
        }
        Assert.Equal((false, true), (rotary.DependsOnLength(trained), rotary.DependsOnLength(trained + 1)));
    }

    [Theory]
    [InlineData("[1, 2, 3]")]
    [InlineData("[1, 2, 3, 0]")]
    [InlineData("\"1\"")]
    public void Read_LongRopeWithOtherThanADivisorForEachFrequency_Refused(string factors)
        => Assert.Contains("long_factor", Assert.Throws<ModelException>(() => Read("phi3", $"\"head_dim\": 8, \"rope_scaling\": {{\"type\": \"longrope\", \"short_factor\": [1, 1, 1, 1], \"long_factor\": {factors}}}")).Message, StringComparison.Ordinal);

    /// <summary>The row whose use as an input teaches it nothing, where the families' embedding knows its padding; each family's default where the key is left out.</summary>
    [Theory]
    [InlineData("llama", "", null)]
    [InlineData("llama", "\"pad_token_id\": 3", 3)]
    [InlineData("llama", "\"pad_token_id\": -1", 49)]
    [InlineData("llama", "\"pad_token_id\": 50", null)]
    [InlineData("gemma2", "", 0)]
    [InlineData("gemma2", "\"pad_token_id\": null", null)]
    [InlineData("baichuan", "", 0)]
    [InlineData("internlm2", "\"pad_token_id\": 2", 2)]
    [InlineData("opt", "\"ffn_dim\": 24", 1)]
    [InlineData("gpt_neox", "\"pad_token_id\": 3", null)]
    public void Read_PaddingRow_OfTheFamilysEmbedding(string modelType, string keys, int? row) => Assert.Equal(row, Read(modelType, keys).PaddingRow);

    [Fact]
    public void Read_FormOfTransformers5_AsTheOlderOne()
    {
        var older = Read("gpt_neox", "\"rotary_emb_base\": 500, \"rotary_pct\": 0.5, \"torch_dtype\": \"bfloat16\"");
        var newer = Read("gpt_neox", "\"rope_parameters\": {\"rope_theta\": 500, \"rope_type\": \"default\", \"partial_rotary_factor\": 0.5}, \"dtype\": \"bfloat16\"");
        Assert.Equal((500.0, 8, ScalarType.BFloat16), (older.Rotary.Theta, older.Rotary.Width, older.Dtype));
        Assert.Equal(older with { Source = null }, newer with { Source = null, EosTokenIds = older.EosTokenIds, Windows = older.Windows });
        Assert.Equal(6, Read("phi", "\"rope_parameters\": {\"rope_theta\": 10000.0, \"rope_type\": \"default\", \"partial_rotary_factor\": 0.4}").Rotary.Width);
        Assert.Equal(20000, Read("qwen2", "\"num_key_value_heads\": 4, \"rope_parameters\": {\"rope_theta\": 20000, \"rope_type\": \"default\"}").Rotary.Theta);
        Assert.Equal(32, DecoderConfig.Read("""{"model_type": "gpt2", "vocab_size": 50, "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "max_position_embeddings": 32}""").MaxPositions);
    }

    [Theory]
    [InlineData("BaiChuanForCausalLM", "\"max_position_embeddings\": 64", false, false)]
    [InlineData("BaiChuanForCausalLM", "", false, false)]
    [InlineData("BaichuanForCausalLM", "\"model_max_length\": 64", true, false)]
    [InlineData("BaichuanForCausalLM", "\"max_position_embeddings\": 64, \"tokenizer_class\": \"BaichuanTokenizer\"", false, true)]
    [InlineData("BaichuanForCausalLM", "\"model_max_length\": 64, \"tokenizer_class\": \"BaichuanTokenizer\"", true, true)]
    public void Read_Baichuan_ToldApartByItsKeys(string architecture, string keys, bool alibi, bool normalisedHead)
    {
        var config = Read("baichuan", $"\"architectures\": [\"{architecture}\"]{(keys.Length > 0 ? ", " + keys : "")}");
        Assert.Equal((alibi, normalisedHead), (config.Alibi, config.NormalisedHead));
    }

    [Fact]
    public void Read_ChatGlm_ToldApartByItsKeys()
    {
        var first = DecoderConfig.Read("""{"model_type": "chatglm", "vocab_size": 50, "hidden_size": 64, "inner_hidden_size": 256, "num_layers": 2, "num_attention_heads": 4, "position_encoding_2d": true, "bos_token_id": 40}""");
        Assert.Equal(new GlmSettings(true, 36, 37), first.Glm);
        Assert.True(first.TieWordEmbeddings);
        Assert.False(first.BeginningsAreShared(8));
        var second = DecoderConfig.Read("""{"model_type": "chatglm", "padded_vocab_size": 50, "hidden_size": 64, "ffn_hidden_size": 96, "num_layers": 2, "num_attention_heads": 4, "kv_channels": 16, "multi_query_attention": true, "multi_query_group_num": 2, "add_qkv_bias": true, "rope_ratio": 50}""");
        Assert.Equal((null, 2, 500000.0, 8), (second.Glm, second.KeyValueHeads, second.Rotary.Theta, second.Rotary.Width));
        Assert.True(second.BeginningsAreShared(8));
    }

    [Theory]
    [InlineData("qwen2_moe", "qwen2")]
    [InlineData("mixtral", "mistral")]
    [InlineData("gpt_neo", "gpt_neox")]
    [InlineData("gemma", "gemma2")]
    [InlineData("internlm3", "internlm")]
    [InlineData("llama4", "llama")]
    public void Read_UnknownModelType_NamesTheNearest(string modelType, string near)
    {
        Assert.Contains(near, ModelFamilies.Nearest(modelType));
        var message = Assert.Throws<ModelException>(() => Read(modelType)).Message;
        Assert.Contains($"'{modelType}' is not supported (nearest are", message, StringComparison.Ordinal);
        Assert.Contains(string.Join(", ", ModelDirectory.ModelTypes), message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ModelTypeLikeNone_NamesAll()
    {
        Assert.Empty(ModelFamilies.Nearest("zzz"));
        Assert.Contains("'zzz' is not supported; known are baichuan", Assert.Throws<ModelException>(() => Read("zzz")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "\"partial_rotary_factor\": 0.5", "partial_rotary_factor")]
    [InlineData("phi", "\"qk_layernorm\": true", "qk_layernorm")]
    [InlineData("gpt_neox", "\"hidden_act\": \"mish\"", "mish")]
    [InlineData("gemma2", "\"layer_types\": [\"full_attention\"]", "layer_types")]
    [InlineData("qwen2", "\"num_key_value_heads\": 3", "num_key_value_heads")]
    [InlineData("codegen", "\"n_head\": 2, \"rotary_dim\": 4", "n_head")]
    [InlineData("gptj", "\"rotary_dim\": 40", "rotary_dim")]
    public void Read_WhatIsNotSupported_RefusedByKey(string modelType, string keys, string named)
        => Assert.Contains(named, Assert.Throws<ModelException>(() => Read(modelType, keys)).Message, StringComparison.Ordinal);

    [Fact]
    public void Hidden_MoreTokensThanLearntPositions_Refused()
    {
        using var decoder = TestModels.Random(DecoderConfig.Read("""{"model_type": "gpt2", "vocab_size": 50, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 8}"""));
        using var scope = torch.NewDisposeScope();
        decoder.Hidden(torch.arange(8), SegmentLayout.Single(8));
        Assert.Contains("9 tokens is longer than the 8 positions", Assert.Throws<ModelException>(() => decoder.Hidden(torch.arange(9), SegmentLayout.Single(9))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hidden_PromptWithoutItsMarks_Refused()
    {
        using var decoder = TestModels.Random(DecoderConfig.Read("""{"model_type": "chatglm", "vocab_size": 50, "hidden_size": 16, "inner_hidden_size": 32, "num_layers": 1, "num_attention_heads": 2, "position_encoding_2d": true, "bos_token_id": 40}"""));
        using var scope = torch.NewDisposeScope();
        decoder.Hidden(torch.tensor([5L, 6, 37, 40, 7]), SegmentLayout.Single(5));
        Assert.Contains("40 (bos)", Assert.Throws<ModelException>(() => decoder.Hidden(torch.tensor([5L, 37]), SegmentLayout.Single(2))).Message, StringComparison.Ordinal);
        Assert.Contains("[gMASK]", Assert.Throws<ModelException>(() => decoder.Hidden(torch.tensor([5L, 40]), SegmentLayout.Single(2))).Message, StringComparison.Ordinal);
    }
}
