using System.Text.Json.Nodes;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>PiSSA whose components are estimated: the more iterations the nearer to the exact decomposition, and the same ones again where a folder is loaded.</summary>
public sealed class PissaEstimateTests
{
    private static readonly int[] _ids = [3, 14, 15, 9, 26, 5];

    [Fact]
    public void Create_MoreIterations_NearerToTheExactComponents()
    {
        using var decoder = TinyDecoder.Create();
        var exact = Products(decoder, "pissa");
        double[] far = [.. new[] { "pissa_niter_0", "pissa_niter_4", "pissa_niter_200" }.Select(init => Distance(exact, Products(decoder, init)))];
        Assert.True(far[0] > 0.05 && far[1] < far[0] && far[2] < 1e-3, string.Join(' ', far));
    }

    [Theory]
    [InlineData("pissa_niter_1")]
    [InlineData("pissa_niter_16")]
    public void Load_EstimatedComponents_StartsAsTheBaseAndComputesTheSameAgain(string init)
    {
        using var folder = new TemporaryFolder();
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, Config(init));
        Assert.Equal(init, JsonNode.Parse(adapter.Config.ToJson())!["init_lora_weights"]!.GetValue<string>());
        var bank = new AdapterBank(decoder);
        var member = bank.Add(adapter);
        Near(TinyDecoder.Logits(decoder, null, (-1, _ids))[0], TinyDecoder.Logits(decoder, bank, (member, _ids))[0]);
        using (torch.no_grad())
            foreach (var parameter in adapter.Parameters) parameter.Value.mul_(1.5);
        var trained = TinyDecoder.Logits(decoder, bank, (member, _ids))[0];
        AdapterDirectory.Save(adapter, folder.Path);
        using var loaded = AdapterDirectory.Load(decoder, folder.Path);
        Near(trained, TinyDecoder.Logits(decoder, bank, (bank.Add(loaded), _ids))[0]);
        Assert.InRange(Merger.Merge(decoder, loaded, [_ids], 1e-4).Relative, 0, 1e-4);
        Near(trained, TinyDecoder.Logits(decoder, null, (-1, _ids))[0]);
    }

    [Theory]
    [InlineData("pissa_niter_")]
    [InlineData("pissa_niter_x")]
    [InlineData("pissa_niter_-1")]
    [InlineData("pissa_niter_99999999")]
    public void Read_NoNumberOfIterations_RefusedByName(string init)
        => Assert.Contains("pissa_niter_ and a number", Assert.Throws<AdapterNotSupportedException>(() => Config(init)).Message, StringComparison.Ordinal);

    private static AdapterConfig Config(string init) => AdapterConfig.Read($$"""{"peft_type": "LORA", "r": 3, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": "{{init}}"}""");

    private static float[] Products(Decoder decoder, string init)
    {
        using var adapter = (LoraAdapter)TinyDecoder.Adapter(decoder, Config(init));
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        return [.. adapter.Layers.SelectMany(layer => torch.mm(layer.B, layer.A).ToArray<float>())];
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum() / a.Sum(x => (double)x * x));

    private static void Near(float[] want, float[] have) => Assert.True(want.Zip(have, (x, y) => Math.Abs(x - y)).Max() <= 1e-4 * want.Max(Math.Abs), $"differs by {want.Zip(have, (x, y) => Math.Abs(x - y)).Max():E2}");
}
