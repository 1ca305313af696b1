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
