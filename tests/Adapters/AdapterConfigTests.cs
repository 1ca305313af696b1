using System.Text.Json.Nodes;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Tests;

public sealed class AdapterConfigTests
{
    /// <summary>The catalogue that a sweep and a command are read by is the one that the file is written and read by.</summary>
    [Fact]
    public void ToJson_EveryOptionOfTheCatalogue_IsWritten()
    {
        foreach (var method in MethodCatalogue.All)
        {
            // What has no default must be given.
            var given = MethodCatalogue.AdapterConfig(new MethodSpec { Name = "a", Method = method.Name });
            if (method.Option("total_step") is not null) given["total_step"] = 100;
            var config = AdapterConfig.Read(given.ToJsonString());
            Assert.Equal(method.PeftType, config.PeftType);
            Assert.Empty(config.Remarks);
            var written = (JsonObject)JsonNode.Parse(config.ToJson())!;
            Assert.All(method.Options, option => Assert.Equal(option.InFile, written.ContainsKey(option.Name)));
            Assert.All(method.NotBuilt, option => Assert.True(written.ContainsKey(option.Name), option.Name));
        }
    }

    /// <summary>PEFT's default alpha is 8; ours, for adapters that are made here, is Alpaca-LoRA's.</summary>
    [Fact]
    public void Read_LeftOutAlpha_IsPeftsDefault()
    {
        Assert.Equal(8, ((LoraConfig)AdapterConfig.Read("""{"peft_type": "LORA"}""")).Alpha);
        Assert.Equal(16, ((LoraConfig)AdapterConfig.Read(MethodCatalogue.AdapterConfig(new MethodSpec { Name = "a", Method = "lora" }).ToJsonString())).Alpha);
    }

    [Fact]
    public void ToJson_FreshLora_SortedKeysIndentTwoInferenceMode()
    {
        var json = new LoraConfig { TargetModules = ModuleSelection.Of("q_proj", "v_proj"), Alpha = 16, Dropout = 0.05 }.ToJson();
        Assert.Contains("\n  \"inference_mode\": true,\n", json, StringComparison.Ordinal);
        Assert.Contains("\n  \"lora_alpha\": 16,\n", json, StringComparison.Ordinal);
        Assert.Contains("\n  \"lora_dropout\": 0.05,\n", json, StringComparison.Ordinal);
        var keys = ((JsonObject)JsonNode.Parse(json)!).Select(p => p.Key).ToList();
        Assert.Equal(keys.Order(StringComparer.Ordinal), keys);
        Assert.Contains("\"lora_dropout\": 0.0,", new LoraConfig().ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OwnText_SameSettings()
    {
        var config = new LoraConfig
        {
            R = 4,
            Alpha = 2.5,
            UseRsLora = true,
            Init = LoraInit.Gaussian,
            TargetModules = ModuleSelection.Of("q_proj"),
            ExcludeModules = ModuleSelection.Matching(@".*layers\.0\..*"),
            LayersToTransform = new OneOrMany<int>([1], Single: true),
            RankPattern = [new("v_proj", 3)],
        };
        var read = Assert.IsType<LoraConfig>(AdapterConfig.Read(config.ToJson()));
        Assert.Empty(read.Remarks);
        Assert.Equal(config.ToJson(), read.ToJson());
        Assert.Equal((4, 2.5, LoraInit.Gaussian, true), (read.R, read.Alpha, read.Init, read.UseRsLora));
    }

    [Fact]
    public void Read_UnknownKey_RemarkedAndKept()
    {
        var config = AdapterConfig.Read("""{"peft_type": "LORA", "r": 2, "new_thing": {"a": [1]}, "runtime_config": {}}""");
        Assert.Contains("new_thing", Assert.Single(config.Remarks), StringComparison.Ordinal);
        Assert.Equal("""{"a":[1]}""", JsonNode.Parse(config.ToJson())!["new_thing"]!.ToJsonString());
        Assert.DoesNotContain("runtime_config", config.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("\"fast\"", true)]
    [InlineData("[0]", true)]
    [InlineData("3", true)]
    [InlineData("null", false)]
    [InlineData("false", false)]
    [InlineData("\"\"", false)]
    [InlineData("[]", false)]
    [InlineData("{}", false)]
    public void Read_UnknownKey_RemarkedOnlyWhereItIsSwitchedOn(string value, bool on)
    {
        var config = AdapterConfig.Read($$"""{"peft_type": "IA3", "future_thing": {{value}}}""");
        Assert.Equal(on ? 1 : 0, config.Remarks.Count);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(value), JsonNode.Parse(config.ToJson())!["future_thing"]));
    }

    [Theory]
    [InlineData("""{"peft_type": "LORA", "use_dora": true, "init_lora_weights": "pissa"}""", "use_dora")]
    [InlineData("""{"peft_type": "LORA", "use_qalora": true}""", "use_qalora")]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": "olora"}""", "init_lora_weights")]
    [InlineData("""{"peft_type": "OFT", "coft": true}""", "coft")]
    [InlineData("""{"peft_type": "LORA", "trainable_token_indices": [1]}""", "trainable_token_indices")]
    [InlineData("""{"peft_type": "BOFT"}""", "BOFT")]
    public void Read_FeatureThatIsNotBuilt_RefusedByName(string json, string key)
        => Assert.Contains(key, Assert.Throws<AdapterNotSupportedException>(() => AdapterConfig.Read(json)).Message, StringComparison.Ordinal);

    /// <summary>A finished adapter has forgotten what its encoder dropped; only an LSTM of several layers cannot be trained so.</summary>
    [Theory]
    [InlineData("MLP", 2, true)]
    [InlineData("LSTM", 1, true)]
    [InlineData("LSTM", 2, false)]
    public void PTuning_WithEncoderDropout_IsReadAndKept(string encoder, int layers, bool trains)
    {
        using var decoder = TinyDecoder.Create();
        var config = AdapterConfig.Read($$"""{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 4, "encoder_reparameterization_type": "{{encoder}}", "encoder_num_layers": {{layers}}, "encoder_dropout": 0.1}""");
        Assert.Contains("\"encoder_dropout\": 0.1,", config.ToJson(), StringComparison.Ordinal);
        using (var finished = AdapterMethods.Create(decoder, config, new AdapterStart(null))) Assert.Equal(3, finished.Prefix.Rows);
        if (trains) TinyDecoder.Adapter(decoder, config).Dispose();
        else Assert.Contains("encoder_dropout", Assert.Throws<AdapterNotSupportedException>(() => TinyDecoder.Adapter(decoder, config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "layers_pattern": []}""")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "layers_pattern": ""}""")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "init_lora_weights": "Gaussian"}""")]
    public void Read_WhatPeftTakesToo_IsRead(string json)
    {
        using var decoder = TinyDecoder.Create(layers: 1);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(json));
        Assert.Single(adapter.Targets);
    }

    [Theory]
    [InlineData("{", "JSON")]
    [InlineData("[]", "object")]
    [InlineData("""{"r": 8}""", "peft_type")]
    [InlineData("""{"peft_type": "LORA", "r": "eight"}""", "r = ")]
    [InlineData("""{"peft_type": "LORA", "r": 0}""", "r = 0")]
    [InlineData("""{"peft_type": "LORA", "lora_dropout": 1.5}""", "lora_dropout")]
    [InlineData("""{"peft_type": "LORA", "target_modules": "q_proj", "layers_to_transform": 1}""", "layers_to_transform")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q"], "layers_pattern": "h"}""", "layers_pattern")]
    [InlineData("""{"peft_type": "LORA", "target_modules": "("}""", "regular expression")]
    [InlineData("""{"peft_type": "IA3", "target_modules": ["k_proj"], "feedforward_modules": ["down_proj"]}""", "down_proj")]
    public void Read_BrokenText_OneLineNamesTheFault(string json, string fault)
    {
        var message = Assert.ThrowsAny<AdapterException>(() => AdapterConfig.Read(json, "some/adapter_config.json")).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void At_PatternsAndRsLora_FirstMatchWins()
    {
        var config = new LoraConfig
        {
            R = 8,
            Alpha = 16,
            UseRsLora = true,
            RankPattern = [new(@"layers\.1\.self_attn\.q_proj", 4), new("q_proj", 2)],
            AlphaPattern = [new("v_proj", 5)],
        };
        Assert.Equal((4, 16, 8), config.At("model.layers.1.self_attn.q_proj"));
        Assert.Equal((2, 16.0), (config.At("model.layers.0.self_attn.q_proj").R, config.At("model.layers.0.self_attn.q_proj").Alpha));
        Assert.Equal((8, 5.0, 5 / Math.Sqrt(8)), config.At("model.layers.0.self_attn.v_proj"));
        Assert.Equal(8, config.At("model.layers.0.self_attn.xq_proj").R);
    }
}
