using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Models.Tests;

public sealed class ModelDirectoryTests
{
    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(4000)]
    public void Save_ThenLoad_SameConfigurationAndWeights(long maxShardBytes)
    {
        using var folder = new TemporaryFolder();
        using var saved = TestModels.Random();
        ModelDirectory.Save(saved, folder["model"], maxShardBytes: maxShardBytes);
        Assert.Equal(maxShardBytes < long.MaxValue, File.Exists(folder["model/model.safetensors.index.json"]));

        using var loaded = ModelDirectory.Load(folder["model"], new LoadOptions(Device: TestDevice.Chosen));

        Assert.Equal(TestModels.Tiny.EosTokenIds, loaded.Config.EosTokenIds);
        Assert.Equal(TestModels.Tiny with { EosTokenIds = [] }, loaded.Config with { Source = null, EosTokenIds = [] });
        Assert.Equal(saved.Parameters.Keys, loaded.Parameters.Keys);
        foreach (var (name, parameter) in saved.Parameters) Assert.True(parameter.Equals(loaded.Parameters[name]), name);
        Assert.Equal(Directory.GetFiles(folder["model"]).Length, Directory.GetFiles(folder["model"], "*.json").Length + Directory.GetFiles(folder["model"], "*.safetensors").Length);
    }

    [Fact]
    public void Save_KeysThatAreNotUsed_Kept()
    {
        using var folder = new TemporaryFolder();
        using (var random = TestModels.Random()) ModelDirectory.Save(random, folder["a"]);
        var config = JsonNode.Parse(File.ReadAllText(folder["a/config.json"]))!.AsObject();
        config["my_own_key"] = "kept";
        File.WriteAllText(folder["a/config.json"], config.ToJsonString());
        using (var loaded = ModelDirectory.Load(folder["a"])) ModelDirectory.Save(loaded, folder["b"], ScalarType.BFloat16);
        using var written = JsonDocument.Parse(File.ReadAllText(folder["b/config.json"]));
        Assert.Equal("kept", written.RootElement.GetProperty("my_own_key").GetString());
        Assert.Equal("bfloat16", written.RootElement.GetProperty("torch_dtype").GetString());
    }

    [Fact]
    public void Load_MissingMisshapedAndUnexpectedTensors_AllInOneError()
    {
        using var folder = new TemporaryFolder();
        using var random = TestModels.Random();
        ModelDirectory.Save(random, folder["m"]);
        using (torch.NewDisposeScope())
        {
            var tensors = random.Parameters.ToDictionary(p => p.Key, p => p.Value);
            tensors.Remove("model.norm.weight");
            tensors["model.layers.1.mlp.up_proj.weight"] = torch.zeros(24, 15);
            tensors["model.layers.7.extra"] = torch.zeros(3);
            SafeTensors.Write(folder["m/model.safetensors"], tensors);
        }
        var error = Assert.Throws<ModelException>(() => ModelDirectory.Load(folder["m"])).Message;
        Assert.Contains("model.norm.weight [16] is missing", error, StringComparison.Ordinal);
        Assert.Contains("model.safetensors: model.layers.1.mlp.up_proj.weight is [24, 15], [24, 16] is expected", error, StringComparison.Ordinal);
        Assert.Contains("model.layers.7.extra", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void Load_UnknownModelType_NamesTheKnownOnes()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{"model_type": "mamba"}""");
        var error = Assert.Throws<ModelException>(() => ModelDirectory.Load(folder.Path)).Message;
        Assert.Contains("'mamba'", error, StringComparison.Ordinal);
        Assert.Contains("llama", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hidden_size", "\"wide\"")]
    [InlineData("num_hidden_layers", "0")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("vocab_size", "null")]
    [InlineData("torch_dtype", "\"int3\"")]
    [InlineData("rope_scaling", """{"type": "bent", "factor": 2}""")]
    [InlineData("rope_scaling", """{"type": "linear"}""")]
    public void Read_ImpossibleValue_NamesFileAndKey(string key, string value)
    {
        var config = JsonNode.Parse(TestModels.Tiny.Write())!.AsObject();
        config[key] = JsonNode.Parse(value);
        var error = Assert.Throws<ModelException>(() => DecoderConfig.Read(config.ToJsonString(), "there/config.json")).Message;
        Assert.Contains("there/config.json", error, StringComparison.Ordinal);
        Assert.Contains(key, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RotaryScaling.Linear)]
    [InlineData(RotaryScaling.Dynamic)]
    [InlineData(RotaryScaling.Llama3)]
    [InlineData(RotaryScaling.Yarn)]
    public void Write_ScaledRotary_ReadBackEqual(RotaryScaling scaling)
    {
        var config = TestModels.Tiny with { Rotary = new RotarySettings { Scaling = scaling, Factor = 4, Theta = 5000, OriginalMaxPositions = 64, AttentionFactor = scaling == RotaryScaling.Yarn ? 1.25 : 1 } };
        Assert.Equal(config.Rotary, DecoderConfig.Read(config.Write()).Rotary);
    }

    [Fact]
    public void Load_WeightsInTheStoredType_MappedWithoutACopy()
    {
        using var folder = new TemporaryFolder();
        using (var random = TestModels.Random(TestModels.Tiny with { VocabularySize = 20_000 })) ModelDirectory.Save(random, folder["m"]);
        var before = TensorMemory.LiveBytes;
        using var mapped = ModelDirectory.Load(folder["m"]);
        Assert.InRange(TensorMemory.LiveBytes - before, 0, 10_000);
        using var converted = ModelDirectory.Load(folder["m"], new LoadOptions(ScalarType.BFloat16));
        Assert.True(TensorMemory.LiveBytes - before > 20_000 * 16 * 2);
    }

    [Fact]
    public void CreateRandom_SameSeed_SameWeightsOtherSeedOthers()
    {
        using Decoder a = TestModels.Random(seed: 1), b = TestModels.Random(seed: 1), c = TestModels.Random(seed: 2);
        Assert.Equal(a.Parameters["model.embed_tokens.weight"].ToArray<float>(), b.Parameters["model.embed_tokens.weight"].ToArray<float>());
        Assert.NotEqual(a.Parameters["model.embed_tokens.weight"].ToArray<float>(), c.Parameters["model.embed_tokens.weight"].ToArray<float>());
        Assert.All(a.Parameters["model.norm.weight"].ToArray<float>(), weight => Assert.Equal(1, weight));
    }

    [Fact]
    public void Compute_Fingerprint_FollowsContentNotPlace()
    {
        using var folder = new TemporaryFolder();
        using (var random = TestModels.Random()) ModelDirectory.Save(random, folder["a"]);
        Directory.CreateDirectory(folder["b"]);
        foreach (var file in Directory.GetFiles(folder["a"])) File.Copy(file, Path.Combine(folder["b"], Path.GetFileName(file)));
        var first = ModelFingerprint.Compute(folder["a"], folder["cache"]);
        Assert.Equal(64, first.Length);
        Assert.Equal(first, ModelFingerprint.Compute(folder["a"], folder["cache"]));
        Assert.Equal(first, ModelFingerprint.Compute(folder["b"]));

        using (var other = TestModels.Random(seed: 8)) ModelDirectory.Save(other, folder["a"]);
        File.SetLastWriteTimeUtc(folder["a/model.safetensors"], File.GetLastWriteTimeUtc(folder["a/model.safetensors"]).AddSeconds(2));
        Assert.NotEqual(first, ModelFingerprint.Compute(folder["a"], folder["cache"]));
    }

    [Fact]
    public void Compute_FileUnchanged_RememberedHashTaken()
    {
        using var folder = new TemporaryFolder();
        using (var random = TestModels.Random()) ModelDirectory.Save(random, folder["a"]);
        var first = ModelFingerprint.Compute(folder["a"], folder["cache"]);
        var note = Directory.GetFiles(folder["cache"]).First();
        File.WriteAllText(note, File.ReadAllText(note).Replace("\"sha256\":\"", "\"sha256\":\"0", StringComparison.Ordinal));
        Assert.NotEqual(first, ModelFingerprint.Compute(folder["a"], folder["cache"]));
    }
}
