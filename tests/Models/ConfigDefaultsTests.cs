using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Tests;

/// <summary>What a config.json means that leaves keys out or lists several ids, and the frequencies of each rotary scaling.</summary>
public sealed class ConfigDefaultsTests
{
    private const string Short = """
        {"model_type": "llama", "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
        """;

    [Fact]
    public void Read_KeysThatAreLeftOut_AreTransformersDefaults()
    {
        var config = DecoderConfig.Read(Short);
        Assert.Equal((1e-6, 10000.0, 4, 4, 2048), (config.NormEpsilon, config.Rotary.Theta, config.KeyValueHeads, config.HeadDim, config.MaxPositions));
        Assert.Equal((false, false, false, 0.02), (config.TieWordEmbeddings, config.AttentionBias, config.MlpBias, config.InitializerRange));
        Assert.Empty(config.EosTokenIds);
        Assert.Equal(1e-5, DecoderConfig.Read(Short.Replace("\"vocab_size\"", "\"rms_norm_eps\": 1e-05, \"vocab_size\"", StringComparison.Ordinal)).NormEpsilon);
    }

    [Fact]
    public void Read_SeveralEndTokens_AllOfThemCount()
    {
        var config = DecoderConfig.Read(Short.Replace("\"vocab_size\"", "\"eos_token_id\": [2, 7, 9], \"bos_token_id\": 1, \"vocab_size\"", StringComparison.Ordinal));
        Assert.Equal([2, 7, 9], config.EosTokenIds);
        Assert.Equal(1, config.BosTokenId);
    }

    [Fact]
    public void Save_SeveralEndTokens_GenerationConfigListsThem()
    {
        using var folder = new TemporaryFolder();
        using (var decoder = TestModels.Random()) ModelDirectory.Save(decoder, folder["m"]);
        var generation = JsonNode.Parse(File.ReadAllText(folder["m/generation_config.json"]))!;
        Assert.Equal("[2,3]", generation["eos_token_id"]!.ToJsonString());
        Assert.Equal(1, (int)generation["bos_token_id"]!);
    }

    [Fact]
    public void Compute_EveryScaling_IsTheReferencesFrequencies()
    {
        // Computed in Python from the formulas of transformers' modeling_rope_utils.
        Near([1, 0.1, 0.01, 0.001], RotaryFrequencies.Compute(new RotarySettings(), 8, 0));
        Near([0.25, 0.025, 0.0025, 0.00025], RotaryFrequencies.Compute(new RotarySettings { Scaling = RotaryScaling.Linear, Factor = 4 }, 8, 0));
        Near([1, 0.24438459943539834, 0.013042256043820465, 0.003952847075210474],
            RotaryFrequencies.Compute(new RotarySettings { Theta = 100, Scaling = RotaryScaling.Llama3, Factor = 8, OriginalMaxPositions = 64 }, 8, 0));
        Near([1, 0.31622776601683794, 0.08125, 0.019764235376052368, 0.004375, 0.0007905694150420947, 0.00025, 7.905694150420948e-05],
            RotaryFrequencies.Compute(new RotarySettings { Scaling = RotaryScaling.Yarn, Factor = 4, OriginalMaxPositions = 1024 }, 16, 0));
        var dynamic = new RotarySettings { Scaling = RotaryScaling.Dynamic, Factor = 4, OriginalMaxPositions = 64 };
        Near([1, 0.1, 0.01, 0.001], RotaryFrequencies.Compute(dynamic, 8, 64));
        Near([1, 0.05848035476425732, 0.003419951893353394, 0.0002], RotaryFrequencies.Compute(dynamic, 8, 128));
    }

    private static void Near(double[] want, float[] have)
    {
        Assert.Equal(want.Length, have.Length);
        Assert.All(want.Zip(have), pair => Assert.Equal(1, pair.Second / pair.First, 1e-5));
    }
}
