using AlpacaCot.Adapters.Combining;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

[Trait("Category", "Golden")]
public sealed class CombinationGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("adapter_combination");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Combine_EveryCombination_GoldenDeltasFactorsAndLogits(string folder)
    {
        var golden = Golden.Open(folder);
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        using var decoder = ModelDirectory.Load(GoldenAdapter.BasePath(golden.Json.GetProperty("base").GetString()!), new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
        var module = golden.Json.GetProperty("sample_module").GetString()!;
        foreach (var c in golden.Json.GetProperty("combinations").EnumerateArray())
        {
            var name = c.GetProperty("name").GetString()!;
            var type = c.GetProperty("combination_type").GetString()!;
            Assert.SkipUnless(CombineSettings.Types.ContainsKey(type), $"combination type {type} is not supported");
            var adapters = c.GetProperty("adapters").EnumerateArray().Zip(c.GetProperty("weights").EnumerateArray(), (a, w) => (AdapterDirectory.Load(decoder, golden.File(a.GetString()!)), w.GetDouble())).ToList();
            var settings = new CombineSettings(
                type, c.TryGetProperty("svd_rank", out var rank) ? rank.GetInt32() : null, c.TryGetProperty("density", out var density) ? density.GetDouble() : 0.5,
                c.TryGetProperty("majority_sign_method", out var sign) && sign.GetString() == "frequency");

            using var combined = AdapterCombiner.Combine(decoder, adapters, settings);

            var config = Assert.IsType<LoraConfig>(combined.Config);
            Assert.Equal((c.GetProperty("r").GetInt32(), c.GetProperty("lora_alpha").GetDouble()), (config.R, config.Alpha));
            var layer = combined.Layers.Single(layer => layer.Site.Path == module);
            GoldenTensors.AssertClose(expected[$"{name}.delta"], torch.mm(layer.B, layer.A), golden.Tolerance("delta_rel", 1e-4), $"{name}.delta");
            if (expected.Has($"{name}.lora_A")) GoldenTensors.AssertClose(expected[$"{name}.lora_A"], layer.A, golden.Tolerance("delta_rel", 1e-4), $"{name}.lora_A");
            if (expected.Has($"{name}.lora_B")) GoldenTensors.AssertClose(expected[$"{name}.lora_B"], layer.B, golden.Tolerance("delta_rel", 1e-4), $"{name}.lora_B");
            var bank = new AdapterBank(decoder);
            var layout = SegmentLayout.Single((int)expected["a.input_ids"].size(0), bank.Add(combined));
            GoldenTensors.AssertClose(expected[$"{name}.logits"], decoder.Logits(decoder.Hidden(expected["a.input_ids"], layout, bank), layout, bank), golden.Tolerance("logits_rel", 1e-4), $"{name}.logits");
            foreach (var (adapter, _) in adapters) adapter.Dispose();
        }
    }
}
