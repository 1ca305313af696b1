using AlpacaCot.Kernels;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Tests;

/// <summary>Weights in fewer bits: codes against bitsandbytes', products against those of the weights that the codes stand for.</summary>
public sealed class QuantisationTests
{
    public static IEnumerable<object[]> Quantisations => Golden.Folders("quantisation");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Quantise_GoldenNf4_CodesScalesAndWeights(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("cases", out var cases) && golden.Json.TryGetProperty("blocksize", out var size) && size.GetInt32() == Nf4.Block, "the case has no blocks of 64");
        using var expected = new GoldenTensors(golden);
        AssertClose(expected["code.nf4"].ToArray<float>(), Nf4.Codes.ToArray(), 0);
        AssertClose(expected["code.dynamic"].ToArray<float>(), [.. DynamicCode.Signed.Values], 1e-7);
        var seen = 0;
        foreach (var entry in cases.EnumerateArray())
        {
            var name = entry.GetProperty("name").GetString()!;
            if (entry.GetProperty("quant_type").GetString() != "nf4" || (entry.TryGetProperty("blocksize", out var block) && block.GetInt32() != Nf4.Block)) continue;
            var doubled = entry.GetProperty("double").GetBoolean();
            var input = expected[string.Join('.', name.Split('.')[..2]) + ".input"];
            if (input.dim() != 2) input = input.view(1, -1);
            using var projection = (Nf4Projection)QuantisedProjection.Of(input, null, doubled ? WeightStorage.Nf4 : WeightStorage.Nf4Single);
            Assert.Equal(expected[name + ".packed"].ToArray<byte>(), projection.Packed.ToArray());
            if (!doubled) Assert.Equal(expected[name + ".absmax"].ToArray<float>(), projection.Scales());
            if (expected.Has(name + ".dequantised") && expected[name + ".dequantised"].dtype == ScalarType.Float32)
                AssertClose(expected[name + ".dequantised"].ToArray<float>(), projection.Dequantise().ToArray<float>(), golden.Tolerance("dequantised_abs", 1e-6));
            seen++;
        }
        Assert.True(seen > 0);
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Quantise_GoldenInt8_CodesScalesAndProduct(string folder)
    {
        var golden = Golden.Open(folder);
        using var expected = new GoldenTensors(golden);
        Assert.SkipUnless(expected.Has("linear.CB"), "the case has no int8 weight");
        using var projection = (Int8Projection)QuantisedProjection.Of(expected["linear.weight"], expected["linear.bias"], WeightStorage.Int8);
        Assert.Equal(expected["linear.CB"].ToArray<sbyte>(), projection.Codes.ToArray<sbyte>());
        Assert.Equal(expected["linear.SCB"].ToArray<float>(), projection.Largest.ToArray<float>());
        AssertClose(expected["linear.dequantised"].ToArray<float>(), projection.Dequantise().ToArray<float>(), golden.Tolerance("dequantised_abs", 1e-6));
        expected.AssertClose("linear.y.weight_only", projection.Forward(expected["linear.x"]), golden.Tolerance("weight_only_rel", 1e-5));
    }

    [Theory]
    [InlineData(WeightStorage.Int8, ScalarType.Float32)]
    [InlineData(WeightStorage.Nf4, ScalarType.Float32)]
    [InlineData(WeightStorage.Nf4Single, ScalarType.Float32)]
    [InlineData(WeightStorage.Int8, ScalarType.BFloat16)]
    [InlineData(WeightStorage.Nf4, ScalarType.BFloat16)]
    public void Forward_FewAndManyRows_ProductsOfTheWeightsThatAreHeld(WeightStorage storage, ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(5);
        Tensor weight = torch.randn([70, 128], generator: generator), bias = torch.randn([70], generator: generator).to(dtype);
        using var projection = QuantisedProjection.Of(weight, bias, storage);
        Assert.True(projection.Bytes < weight.numel() * 1.1 + 400);
        var held = projection.Dequantise();
        Assert.True((held - weight).abs().max().item<float>() < (storage == WeightStorage.Int8 ? 0.03 : 0.8));
        foreach (var rows in new[] { 1, 3, 8, 20 })
        {
            var x = torch.randn([rows, 128], generator: generator).to(dtype).requires_grad_();
            var expected = torch.nn.functional.linear(x.to(ScalarType.Float32), held, bias.to(ScalarType.Float32));
            using (torch.no_grad()) GoldenTensors.AssertClose(expected, projection.Forward(x), dtype == ScalarType.Float32 ? 1e-5 : 2e-2, $"{rows} rows");
            var y = projection.Forward(x);
            Assert.Equal(dtype, y.dtype);
            Autograd.Backward(y.sum());
            GoldenTensors.AssertClose(held.sum([0L]).expand(rows, 128), x.grad!, dtype == ScalarType.Float32 ? 1e-5 : 2e-2, "the gradient");
        }
        projection.Replace(weight * 2, bias);
        Assert.True((projection.Dequantise() - held * 2).abs().max().item<float>() < (storage == WeightStorage.Nf4 ? 0.05 : 1e-2));
    }

    [Theory]
    [InlineData("llama", WeightStorage.Nf4)]
    [InlineData("bloom", WeightStorage.Nf4)]
    [InlineData("gpt2", WeightStorage.Int8)]     // whose weights lie the other way round and stay as they are
    [InlineData("opt narrow", WeightStorage.Int8)]
    [InlineData("chatglm2", WeightStorage.Nf4)]
    public void Load_HeldInFewerBits_CachedAsWholeAndNotSaved(string family, WeightStorage storage)
    {
        using var folder = new TemporaryFolder();
        using (var plain = FamilyModels.Create(family)) ModelDirectory.Save(plain, folder["m"]);
        using var decoder = ModelDirectory.Load(folder["m"], new LoadOptions(ScalarType.Float32, Storage: storage));
        Assert.Equal(storage, decoder.Storage);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.tensor(FamilyModels.Ids(decoder, 12));
        var whole = decoder.Hidden(ids, SegmentLayout.Single(12));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var parts = new[] { (0, 9), (9, 1), (10, 2) }.Select(part => decoder.Hidden(ids.narrow(0, part.Item1, part.Item2), new SegmentLayout([new Segment(0, part.Item2, Position: part.Item1, Sequence: sequence)]), cache: cache));
        GoldenTensors.AssertClose(whole, torch.cat([.. parts]), 1e-4, family);
        Assert.Contains("is not saved", Assert.Throws<ModelException>(() => ModelDirectory.Save(decoder, folder["again"])).Message, StringComparison.Ordinal);
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"element {i} is {actual[i]:R}, {expected[i]:R} is expected");
    }
}
