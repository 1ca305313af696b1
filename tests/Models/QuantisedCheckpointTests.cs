using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Tests;

/// <summary>Whole checkpoints that bitsandbytes quantised: held as they are stored, written out on request, refused where their parts do not fit.</summary>
public sealed class QuantisedCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Model => _folder["quantised"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama", WeightStorage.Nf4)]
    [InlineData("llama", WeightStorage.Fp4Single)]
    [InlineData("bloom", WeightStorage.Nf4Single)]
    [InlineData("gpt2", WeightStorage.Nf4)]      // whose weights lie the other way round before they are quantised
    [InlineData("llama", WeightStorage.LlmInt8)]
    [InlineData("chatglm2", WeightStorage.Fp4)]
    public void Load_AsStored_HeldInItsFormWithTheSameWeights(string family, WeightStorage storage)
    {
        using var expected = Write(family, storage);
        using var decoder = ModelDirectory.Load(Model, new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(storage, decoder.Storage);
        Assert.Empty(decoder.Remarks);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var (ids, layout) = (torch.tensor(FamilyModels.Ids(decoder, 12)), SegmentLayout.Single(12));
        GoldenTensors.AssertClose(expected.Logits(expected.Hidden(ids, layout), layout), decoder.Logits(decoder.Hidden(ids, layout), layout), 1e-6, family);
        foreach (var (want, have) in expected.Projections.Zip(decoder.Projections))
        {
            Assert.IsType<QuantisedProjection>(have.Weights);
            Assert.Equal(want.Weights.Dequantise().ToArray<float>(), have.Weights.Dequantise().ToArray<float>());
        }
    }

    [Theory]
    [InlineData(WeightStorage.Nf4)]
    [InlineData(WeightStorage.LlmInt8)]
    public void Load_AsPlainAndAsAnotherForm_WeightsThatTheCodesStandFor(WeightStorage storage)
    {
        using var expected = Write("llama", storage);
        using var plain = ModelDirectory.Load(Model, new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
        Assert.Equal(WeightStorage.Plain, plain.Storage);
        using var other = ModelDirectory.Load(Model, new LoadOptions(ScalarType.Float32, TestDevice.Chosen, WeightStorage.Int8));
        Assert.Equal(WeightStorage.Int8, other.Storage);
        foreach (var (want, (have, again)) in expected.Projections.Zip(plain.Projections.Zip(other.Projections)))
        {
            var weight = want.Weights.Dequantise().ToArray<float>();
            // Half of the last place of the type that the codes stand for.
            AssertNear(weight, have.Weights.Dequantise().ToArray<float>(), storage == WeightStorage.LlmInt8 ? 1e-3 : 1e-7);
            AssertNear(weight, again.Weights.Dequantise().ToArray<float>(), 1e-2);
        }
        ModelConverter.Convert(Model, _folder["whole"]);
        Assert.DoesNotContain("quantization_config", File.ReadAllText(Path.Combine(_folder["whole"], "config.json")), StringComparison.Ordinal);
        using var whole = ModelDirectory.Load(_folder["whole"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(WeightStorage.Plain, whole.Storage);
    }

    [Theory]
    [InlineData("absmax is missing", "absmax", null)]
    [InlineData("no codes for", "", "short")]
    [InlineData("elements of U8 are expected", "absmax", "short")]
    [InlineData("elements of F32 are expected", "nested_absmax", "short")]
    [InlineData("nested_quant_map is missing", "nested_quant_map", null)]
    [InlineData("quant_map is not the table", "quant_map", "zero")]
    [InlineData("quant_state cannot be read", "quant_state.bitsandbytes__nf4", "short")]
    [InlineData("quant_type is 'fp4'", "quant_state.bitsandbytes__nf4", """{"quant_type": "fp4", "blocksize": 64, "dtype": "float32", "shape": [64, 64]}""")]
    [InlineData("blocksize is 0", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 0, "dtype": "float32", "shape": [64, 64]}""")]
    [InlineData("its shape is", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [-64, 64]}""")]
    [InlineData("its shape is", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [9223372036854775807, 64]}""")]
    [InlineData("dtype is 'int3'", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "dtype": "int3", "shape": [64, 64]}""")]
    [InlineData("it needs quant_type, blocksize, dtype and shape", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "dtype": "float32"}""")]
    [InlineData("it needs quant_type, blocksize, dtype and shape", "quant_state.bitsandbytes__nf4", """{"quant_type": 4, "blocksize": "64", "dtype": "float32", "shape": [64, 64]}""")]
    [InlineData("the key blocksize twice", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "blocksize": 2, "dtype": "float32", "shape": [64, 64]}""")]
    [InlineData("nested_blocksize is missing", "quant_state.bitsandbytes__nf4", """{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [64, 64]}""")]
    public void Load_PartsThatDoNotFit_RefusedByName(string says, string part, string? change)
    {
        Write("llama", WeightStorage.Nf4).Dispose();
        var file = Path.Combine(Model, "model.safetensors");
        var tensors = SafeTensors.Read(file);
        using var scope = torch.NewDisposeScope();
        var name = tensors.Keys.First(key => key.EndsWith(".quant_map", StringComparison.Ordinal))[..^".quant_map".Length] + (part.Length > 0 ? "." + part : "");
        if (change is null) tensors.Remove(name);
        else tensors[name] = change switch
        {
            "short" => tensors[name].narrow(0, 0, tensors[name].size(0) - 1).contiguous(),
            "zero" => torch.zeros_like(tensors[name]),
            _ => torch.tensor(Encoding.UTF8.GetBytes(change.Replace("[64, 64]", JsonNode.Parse(tensors[name].ToArray<byte>())!["shape"]!.ToJsonString(), StringComparison.Ordinal))),
        };
        SafeTensors.Write(file, tensors);
        var error = Assert.Throws<ModelException>(() => ModelDirectory.Load(Model).Dispose()).Message;
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void Load_WholeWeightsUnderSuchAConfiguration_LoadedWithARemark()
    {
        using (var plain = FamilyModels.Create("llama")) ModelDirectory.Save(plain, Model);
        Configure(WeightStorage.Nf4);
        using var decoder = ModelDirectory.Load(Model, new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(WeightStorage.Plain, decoder.Storage);
        Assert.Contains("which are whole", Assert.Single(decoder.Remarks), StringComparison.Ordinal);
    }

    private static void AssertNear(float[] expected, float[] actual, double relative)
    {
        var largest = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= relative * largest, $"element {i} is {actual[i]:R}, {expected[i]:R} is expected");
    }

    // A checkpoint as the reference lays it out, and the decoder whose weights it must have.
    private Decoder Write(string family, WeightStorage storage)
    {
        var plain = _folder[$"plain-{family}"];
        using (var decoder = FamilyModels.Create(family)) ModelDirectory.Save(decoder, plain, ScalarType.Float32);
        var expected = ModelDirectory.Load(plain, new LoadOptions(ScalarType.Float32, TestDevice.Chosen, storage));
        using var scope = torch.NewDisposeScope();
        var tensors = SafeTensors.Read(Path.Combine(plain, "model.safetensors"));
        foreach (var site in expected.Projections)
        {
            var name = tensors.Keys.Single(key => key == site.Path + ".weight" || (site.Path + ".weight").EndsWith("." + key, StringComparison.Ordinal));
            foreach (var (part, tensor) in Parts(name, ((QuantisedProjection)site.Weights).Held)) tensors[part] = tensor;
        }
        Directory.CreateDirectory(Model);
        File.Copy(Path.Combine(plain, "config.json"), Path.Combine(Model, "config.json"), overwrite: true);
        SafeTensors.Write(Path.Combine(Model, "model.safetensors"), tensors);
        Configure(storage);
        return expected;
    }

    private void Configure(WeightStorage storage)
    {
        var path = Path.Combine(Model, "config.json");
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        config["quantization_config"] = new JsonObject { ["quant_method"] = "bitsandbytes", [storage == WeightStorage.LlmInt8 ? "load_in_8bit" : "load_in_4bit"] = true };
        File.WriteAllText(path, config.ToJsonString());
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Parts(string name, QuantisedWeight held)
    {
        if (held is Int8Weight bytes)
        {
            yield return new(name, bytes.Codes.clone());
            yield return new(name[..^"weight".Length] + "SCB", bytes.Largest.clone());
            yield return new(name[..^"weight".Length] + "weight_format", torch.zeros([], ScalarType.Byte));
            yield break;
        }
        var weight = (FourBitWeight)held;
        var code = weight.Storage is WeightStorage.Fp4 or WeightStorage.Fp4Single ? FourBitCode.Fp4 : FourBitCode.Nf4;
        yield return new(name, torch.tensor(weight.Packed.ToArray()).view(-1, 1));
        yield return new(name + ".quant_map", torch.tensor(code.Values.ToArray()));
        var state = new JsonObject { ["quant_type"] = code.Name, ["blocksize"] = weight.Scales.Block, ["dtype"] = "float32", ["shape"] = new JsonArray(weight.Out, weight.In) };
        if (weight.Scales.Codes is { } codes)
        {
            yield return new(name + ".absmax", torch.tensor(codes));
            yield return new(name + ".nested_absmax", torch.tensor(weight.Scales.Largest));
            yield return new(name + ".nested_quant_map", torch.tensor(weight.Scales.Map!));
            (state["nested_blocksize"], state["nested_dtype"], state["nested_offset"]) = (weight.Scales.NestedBlock, "float32", weight.Scales.Offset);
        }
        else yield return new(name + ".absmax", torch.tensor(weight.Scales.Largest));
        yield return new($"{name}.quant_state.bitsandbytes__{code}", torch.tensor(Encoding.UTF8.GetBytes(state.ToJsonString())));
    }
}
