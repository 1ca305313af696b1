using AlpacaCot.Adapters.Combining;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;

namespace AlpacaCot.Adapters.Tests;

[Trait("Category", "Golden")]
public sealed class PissaGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("adapter");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Create_FreshPissa_StartsAsTheGoldenComponentsAndTheBase(string folder)
    {
        using var c = Open(folder);
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        using var generator = new Generator(1);
        using var fresh = (LoraAdapter)AdapterFactory.Create(c.Decoder, c.Adapter.Config, generator);
        foreach (var layer in fresh.Layers)
        {
            var key = $"pissa_init.base_model.model.{layer.Site.Path}.lora_";
            var golden = torch.mm(c.Expected[key + "B.weight"], c.Expected[key + "A.weight"]);
            GoldenTensors.AssertClose(golden, torch.mm(layer.B, layer.A), 1e-4, layer.Site.Path);
            if (c.Expected.Has($"residual.{layer.Site.Path}.weight"))
                GoldenTensors.AssertClose(c.Expected[$"residual.{layer.Site.Path}.weight"], layer.Site.Weights.Dequantise() - torch.mm(layer.B, layer.A) * layer.Scaling, 1e-4, "residual");
            // The components are taken from the base and added again.
            GoldenTensors.AssertClose(layer.Site.Weights.Dequantise(), layer.Merge().Weight, 1e-5, "start");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Combine_PissaAlone_IsThePlainLoraThatPeftConvertsItTo(string folder)
    {
        using var c = Open(folder);
        Assert.SkipUnless(Directory.Exists(c.Golden.File("converted")), "the case has no conversion");
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        using var converted = AdapterCombiner.Combine(c.Decoder, [(c.Adapter, 1)], new CombineSettings("cat"));
        using var golden = (LoraAdapter)AdapterDirectory.Load(c.Decoder, c.Golden.File("converted"));
        foreach (var (have, want) in converted.Layers.Zip(golden.Layers))
            GoldenTensors.AssertClose(torch.mm(want.B, want.A) * want.Scaling, torch.mm(have.B, have.A) * have.Scaling, 1e-4, want.Site.Path);
    }

    private static GoldenAdapter Open(string folder)
    {
        var c = GoldenAdapter.Open(folder);
        if (c.Adapter.Config is LoraConfig { Init: LoraInit.Pissa }) return c;
        c.Dispose();
        Assert.Skip("the case is no PiSSA adapter");
        return c;
    }
}
