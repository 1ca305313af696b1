using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Models.Conversion;

namespace AlpacaCot.Models.Tests;

/// <summary>Model folders as people have them: half downloaded, saved twice, edited on other systems, damaged in a value.</summary>
public sealed class CheckpointFilesTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1044992\n";
    private readonly TemporaryFolder _folder = new();
    private readonly Decoder _random = TestModels.Random();

    public CheckpointFilesTests() => ModelDirectory.Save(_random, Model, maxShardBytes: 8000);

    private string Model => _folder["m"];

    public void Dispose()
    {
        _random.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("m/model.safetensors")]
    [InlineData("m/pytorch_model.bin")]
    public void Load_GitLfsPointerForWeights_SaysSo(string file)
    {
        foreach (var shard in Shards()) File.Delete(shard);
        File.Delete(_folder["m/model.safetensors.index.json"]);
        File.WriteAllText(_folder[file], Pointer);
        Assert.StartsWith($"{_folder[file]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_GitLfsPointerForAShardOrAnyOtherFile_SaysSo()
    {
        var shard = Shards()[1];
        var bytes = File.ReadAllBytes(shard);
        File.WriteAllText(shard, Pointer);
        Assert.StartsWith($"{shard}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
        File.WriteAllBytes(shard, bytes);
        File.WriteAllText(_folder["m/config.json"], Pointer);
        Assert.StartsWith($"{_folder["m/config.json"]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);

        File.WriteAllText(_folder["story.bin"], Pointer);
        Assert.Contains("Git LFS pointer", Assert.Throws<ModelException>(() => ModelDirectory.Load(_folder["story.bin"])).Message, StringComparison.Ordinal);
        Assert.Contains("Git LFS pointer", Assert.Throws<ModelException>(() => Llama2cTokenizer.Read(_folder["story.bin"])).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["c"]);
        File.Move(_folder["story.bin"], _folder["c/story.bin"]);
        Assert.Contains("Git LFS pointer", Assert.Throws<ModelException>(() => ModelDirectory.Load(_folder["c"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ShardsWithoutAnIndex_LoadedWhereTheyAreOneWholeSet()
    {
        File.Delete(_folder["m/model.safetensors.index.json"]);
        using (var loaded = ModelDirectory.Load(Model, new LoadOptions(Device: TestDevice.Chosen)))
            foreach (var (name, parameter) in _random.Parameters) Assert.True(parameter.Equals(loaded.Parameters[name]), name);
        Assert.Equal(64, ModelFingerprint.Compute(Model).Length);

        var last = Shards()[^1];
        File.Move(last, _folder["last"]);
        var error = Refused();
        Assert.Contains($"{Shards().Count} of {Shards().Count + 1} shards", error, StringComparison.Ordinal);
        Assert.Contains("model.safetensors.index.json", error, StringComparison.Ordinal);

        File.Move(_folder["last"], last);
        File.Copy(last, _folder["m/model-00001-of-00009.safetensors"]);
        Assert.Contains("shards of 2 sets", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_IndexOfAnOlderSet_IsCalledStaleAndTheOtherShardsAreNamed()
    {
        var index = _folder["m/model.safetensors.index.json"];
        File.WriteAllText(index, File.ReadAllText(index).Replace($"-of-{Shards().Count:D5}", "-of-00077", StringComparison.Ordinal));
        var error = Refused();
        Assert.StartsWith($"{index}: is stale", error, StringComparison.Ordinal);
        Assert.Contains("model-00001-of-00077.safetensors", error, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(Shards()[0]), error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_IndexWhoseShardIsMissing_NamesItAndThoseThatAreThere()
    {
        var (first, second) = (Shards()[0], Shards()[1]);
        File.Delete(second);
        var error = Refused();
        Assert.Contains($"the shard {Path.GetFileName(second)} is missing", error, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(first), error, StringComparison.Ordinal);
        Assert.DoesNotContain("stale", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("model.safetensors.index.json")]
    public void Load_ByteOrderMark_IsReadAsWithout(string file)
    {
        var path = Path.Combine(Model, file);
        File.WriteAllText(path, File.ReadAllText(path), new UTF8Encoding(true));
        using var loaded = ModelDirectory.Load(Model);
        Assert.Equal(TestModels.Tiny.EosTokenIds, loaded.Config.EosTokenIds);
        Assert.Equal("llama", DecoderConfig.ModelTypeOf(Path.Combine(Model, "config.json")));
    }

    [Theory]
    [InlineData("""{"quant_method": "gptq", "bits": 4}""", "gptq")]
    [InlineData("""{"load_in_4bit": true}""", "quantization_config")]
    [InlineData("{}", "quantization_config")]
    public void Load_QuantisationInTheConfiguration_RefusedByName(string settings, string says)
    {
        Edit("config.json", json => json["quantization_config"] = JsonNode.Parse(settings));
        var error = Refused();
        Assert.StartsWith($"{Path.Combine(Model, "config.json")}: quantization_config", error, StringComparison.Ordinal);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Edit("config.json", json => json["quantization_config"] = null);
        ModelDirectory.Load(Model).Dispose();
    }

    [Theory]
    [InlineData("2", "[2, 43]", new[] { 2, 43 })]
    [InlineData("[2, 7]", null, new[] { 2, 7 })]
    [InlineData("[2, 7]", "43", new[] { 2, 7, 43 })]
    [InlineData(null, "[5, 6]", new[] { 5, 6 })]
    [InlineData("2", "null", new[] { 2 })]
    public void Load_EndTokensOneOrMany_AllOfBothFiles(string? config, string? generation, int[] expected)
    {
        Edit("config.json", json => json["eos_token_id"] = config is null ? null : JsonNode.Parse(config));
        if (generation is null) File.Delete(Path.Combine(Model, "generation_config.json"));
        else File.WriteAllText(Path.Combine(Model, "generation_config.json"), $$"""{"eos_token_id": {{generation}}}""");
        using var loaded = ModelDirectory.Load(Model);
        Assert.Equal(expected, loaded.Config.EosTokenIds);
    }

    [Fact]
    public void Compute_OtherEndTokensOfTheGeneration_OtherFingerprint()
    {
        var before = ModelFingerprint.Compute(Model);
        File.WriteAllText(Path.Combine(Model, "generation_config.json"), """{"eos_token_id": [2, 43]}""");
        Assert.NotEqual(before, ModelFingerprint.Compute(Model));
    }

    [Fact]
    public void LooksSame_CopiesAndOtherWeights_AreToldApart()
    {
        Directory.CreateDirectory(_folder["copy"]);
        foreach (var file in Directory.GetFiles(Model)) File.Copy(file, Path.Combine(_folder["copy"], Path.GetFileName(file)));
        Assert.True(ModelFingerprint.LooksSame(Model, _folder["copy"]));
        using (var other = TestModels.Random(seed: 8)) ModelDirectory.Save(other, _folder["copy"], maxShardBytes: 8000);
        Assert.False(ModelFingerprint.LooksSame(Model, _folder["copy"]));
    }

    [Theory]
    [InlineData(ScalarType.Float32, float.NaN)]
    [InlineData(ScalarType.BFloat16, float.PositiveInfinity)]
    [InlineData(ScalarType.Float16, float.NegativeInfinity)]
    [InlineData(ScalarType.Float64, float.NaN)]
    public void Load_ValuesThatAreNotFinite_NamesTensorAndCount(ScalarType type, float value)
    {
        const string Name = "model.layers.1.mlp.up_proj.weight";
        foreach (var shard in Shards()) File.Delete(shard);
        using var scope = torch.NewDisposeScope();
        var tensors = _random.Parameters.ToDictionary(p => p.Key, p => p.Value.to(type));
        tensors[Name] = tensors[Name].clone();
        tensors[Name][3, 5] = value;
        tensors[Name][4, 6] = value;
        SafeTensors.Write(_folder["m/model.safetensors"], tensors);

        var error = Refused();

        Assert.Contains(_folder["m/model.safetensors"], error, StringComparison.Ordinal);
        Assert.Contains($"{Name} holds values that are not finite (NaN or infinity), 2 of {24 * 16}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ValueBeyondTheTypeAskedFor_SaysThatItIsTheType()
    {
        foreach (var shard in Shards()) File.Delete(shard);
        using var scope = torch.NewDisposeScope();
        var tensors = _random.Parameters.ToDictionary(p => p.Key, p => p.Value.clone());
        tensors["model.norm.weight"][2] = 1e6f;
        SafeTensors.Write(_folder["m/model.safetensors"], tensors);
        ModelDirectory.Load(Model).Dispose();
        var error = Assert.Throws<ModelException>(() => ModelDirectory.Load(Model, new LoadOptions(ScalarType.Float16))).Message;
        Assert.Contains("model.norm.weight: 1 of 16 values are beyond what Float16 holds", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0f, 0)]
    [InlineData(0.5f, 1)]
    public void Load_TiedHeadInTheFile_RemarkedWhereItDiffers(float factor, int remarks)
    {
        using var tied = TestModels.Random(TestModels.Tiny with { TieWordEmbeddings = true });
        ModelDirectory.Save(tied, _folder["t"]);
        using (torch.NewDisposeScope())
        {
            var tensors = tied.Parameters.ToDictionary(p => p.Key, p => p.Value);
            tensors["lm_head.weight"] = tied.Embedding * factor;
            SafeTensors.Write(_folder["t/model.safetensors"], tensors);
        }
        using var loaded = ModelDirectory.Load(_folder["t"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(remarks, loaded.Remarks.Count);
        Assert.All(loaded.Remarks, remark => Assert.Contains("lm_head.weight differs from embed_tokens.weight and is not used", remark, StringComparison.Ordinal));
        Assert.True(loaded.Head.Dequantise().Equals(loaded.Embedding));
        Assert.Equal(loaded.Remarks, ModelConverter.Convert(_folder["t"], _folder["converted"]));
    }

    [Fact]
    public void Read_NoNormEpsilon_TransformersDefault()
    {
        var json = JsonNode.Parse(TestModels.Tiny.Write())!.AsObject();
        json.Remove("rms_norm_eps");
        Assert.Equal(1e-6, DecoderConfig.Read(json.ToJsonString()).NormEpsilon);
    }

    [Fact]
    public void Convert_ModelWithATemplate_KeepsIt()
    {
        File.WriteAllText(_folder["m/template.json"], "{}");
        ModelConverter.Convert(Model, _folder["converted"]);
        Assert.Equal("{}", File.ReadAllText(_folder["converted/template.json"]));
    }

    private IReadOnlyList<string> Shards() => [.. Directory.GetFiles(Model, "*.safetensors").Order(StringComparer.Ordinal)];

    private string Refused()
    {
        var error = Assert.Throws<ModelException>(() => ModelDirectory.Load(Model)).Message;
        Assert.DoesNotContain('\n', error);
        return error;
    }

    private void Edit(string name, Action<JsonObject> change)
    {
        var path = Path.Combine(Model, name);
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
