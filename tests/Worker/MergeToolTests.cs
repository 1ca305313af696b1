using System.Text.Json.Nodes;
using System.Threading.Channels;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Worker;
using AlpacaCot.Worker.Jobs;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>Merging into a base that is stored in eight bits, as bitsandbytes stores it.</summary>
public sealed class MergeToolTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void Merge_BaseStoredInEightBits_WritesBf16AndSaysSo()
    {
        Quantise(_pack["models/tiny"]);
        using (var decoder = ModelDirectory.Load(_pack["models/tiny"]))
        using (var generator = new Generator(3))
        using (var adapter = AdapterFactory.Create(decoder, new LoraConfig { R = 2, Init = LoraInit.Random }, generator))
        {
            Assert.Equal(WeightStorage.LlmInt8, decoder.Storage);
            AdapterDirectory.Save(adapter, _pack["a"]);
        }
        var ran = _pack.Ask(new MergeRequest { Model = "tiny", Adapter = _pack["a"], Out = _pack["merged"] });
        Assert.Contains(ran.Remarks, remark => remark.Contains("the base is stored as LlmInt8: the merged model is written in bf16", StringComparison.Ordinal));
        Assert.InRange(ran.Document.GetProperty("relative").GetDouble(), 0, 5e-2);
        using var merged = ModelDirectory.Load(_pack["merged"]);
        Assert.Equal((WeightStorage.Plain, ScalarType.BFloat16), (merged.Storage, merged.Dtype));
    }

    /// <summary>A plain base is merged as it is and rounded once; what is written is read again and compared.</summary>
    [Theory]
    [InlineData("fp32", WeightStorage.Plain, 1e-3)]
    [InlineData("bf16", WeightStorage.Plain, 5e-2)]
    [InlineData("int8", WeightStorage.LlmInt8, 5e-2)]
    [InlineData("w8a8", WeightStorage.LlmInt8, 5e-2)]
    [InlineData("llm-int8", WeightStorage.LlmInt8, 5e-2)]
    [InlineData("nf4", WeightStorage.Nf4, 1)]
    [InlineData("fp4-single", WeightStorage.Fp4Single, 1)]
    public void Merge_PlainBaseIntoAnotherForm_WrittenSoAndVerified(string into, WeightStorage storage, double most)
    {
        using var decoder = ModelDirectory.Load(_pack["models/tiny"], new LoadOptions(ScalarType.Float32));
        SaveAdapter(decoder, _pack["a"]);
        var ran = _pack.Ask(new MergeRequest { Model = "tiny", Adapter = _pack["a"], Out = _pack["merged"], Into = into });
        using var merged = ModelDirectory.Load(_pack["merged"]);
        Assert.Equal(storage, merged.Storage);
        if (storage != WeightStorage.Plain) Assert.InRange(ran.Document.GetProperty("rounded").GetDouble(), 1e-6, most);
        using var adapter = AdapterDirectory.Load(decoder, _pack["a"]);
        var bank = new AdapterBank(decoder);
        var (own, written, bare) = (Logits(decoder, bank, bank.Add(adapter)), Logits(merged, null, -1), Logits(decoder, null, -1));
        Assert.True(Distance(own, written) <= most, $"{Distance(own, written):E1}");
        Assert.True(Distance(own, written) < Distance(own, bare), "what was written is nearer to the base than to the adapter");
        Assert.Empty(ran.Remarks);
    }

    [Fact]
    public void Merge_UpdateThatFourBitsLeaveOut_SaysSo()
    {
        using (var decoder = ModelDirectory.Load(_pack["models/tiny"], new LoadOptions(ScalarType.Float32))) SaveAdapter(decoder, _pack["a"], alpha: 0.01);
        var ran = _pack.Ask(new MergeRequest { Model = "tiny", Adapter = _pack["a"], Out = _pack["merged"], Into = "nf4" });
        Assert.Contains("most of what was learnt is lost", Assert.Single(ran.Remarks), StringComparison.Ordinal);
    }

    /// <summary>A base in few bits keeps its codes where the adapter does not act, and is rounded anew where it does.</summary>
    [Theory]
    [InlineData("int8", WeightStorage.Int8, WeightStorage.LlmInt8)]
    [InlineData("nf4", WeightStorage.Nf4, WeightStorage.Nf4)]
    [InlineData("nf4-single", WeightStorage.Nf4Single, WeightStorage.Nf4Single)]
    [InlineData("fp4", WeightStorage.Fp4, WeightStorage.Fp4)]
    public void Merge_BaseStoredInFewBitsIntoTheSame_OthersKeepTheirCodes(string into, WeightStorage storage, WeightStorage read)
    {
        using (var plain = ModelDirectory.Load(_pack["models/tiny"], new LoadOptions(ScalarType.BFloat16)))
            ModelDirectory.Save(plain, _pack["models/few"], storage: storage);
        foreach (var file in Directory.EnumerateFiles(_pack["models/tiny"], "token*")) File.Copy(file, _pack["models/few/" + Path.GetFileName(file)]);
        using var few = ModelDirectory.Load(_pack["models/few"]);
        Assert.Equal(read, few.Storage);
        SaveAdapter(few, _pack["a"]);
        var ran = _pack.Ask(new MergeRequest { Model = "few", Adapter = _pack["a"], Out = _pack["merged"], Into = into });
        Assert.Equal(0, ran.Document.GetProperty("rounded").GetDouble());
        using var merged = ModelDirectory.Load(_pack["merged"]);
        Assert.Equal(read, merged.Storage);
        using var adapter = AdapterDirectory.Load(few, _pack["a"]);
        using var scope = torch.NewDisposeScope();
        foreach (var (before, after) in few.Projections.Zip(merged.Projections))
            Assert.Equal(!adapter.Targets.Contains(before), before.Weights.Dequantise().ToArray<float>().SequenceEqual(after.Weights.Dequantise().ToArray<float>()));
    }

    private static void SaveAdapter(Decoder decoder, string folder, double alpha = 64)
    {
        using var generator = new Generator(3);
        using var adapter = AdapterFactory.Create(decoder, new LoraConfig { R = 4, Alpha = alpha, Init = LoraInit.Random }, generator);
        AdapterDirectory.Save(adapter, folder);
    }

    private static float[] Logits(Decoder decoder, AdapterBank? bank, int member)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var layout = SegmentLayout.Single(4, member);
        return decoder.Logits(decoder.Hidden(torch.tensor([3L, 5, 7, 4]), layout, bank), layout, bank).to(ScalarType.Float32).ToArray<float>();
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max() / a.Max(Math.Abs);

    // Codes and the largest value of each row, beside the weights that stay as they are.
    private static void Quantise(string folder)
    {
        var file = Path.Combine(folder, "model.safetensors");
        using var scope = torch.NewDisposeScope();
        var tensors = SafeTensors.Read(file);
        var written = new Dictionary<string, Tensor>();
        foreach (var (name, value) in tensors)
        {
            if (!name.EndsWith("_proj.weight", StringComparison.Ordinal))
            {
                written[name] = value;
                continue;
            }
            var largest = value.abs().amax([1L]);
            written[name] = (value / largest.unsqueeze(1) * 127).round().to(ScalarType.Int8);
            written[name[..^"weight".Length] + "SCB"] = largest;
            written[name[..^"weight".Length] + "weight_format"] = torch.zeros([], ScalarType.Byte);
        }
        SafeTensors.Write(file, written);
        foreach (var tensor in tensors.Values) tensor.Dispose();
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        config["quantization_config"] = new JsonObject { ["quant_method"] = "bitsandbytes", ["load_in_8bit"] = true };
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
    }
}
