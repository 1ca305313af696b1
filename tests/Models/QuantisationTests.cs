using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Tests;

/// <summary>Weights in fewer bits: codes against bitsandbytes', products against those of the weights that the codes stand for.</summary>
public sealed class QuantisationTests
{
    private const string SmallLlama = """{"model_type": "llama", "vocab_size": 50, "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2}""";

    public static IEnumerable<object[]> Quantisations => Golden.Folders("quantisation");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Quantise_GoldenFourBits_CodesScalesAndWeights(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("cases", out var cases) && golden.Json.TryGetProperty("blocksize", out _), "the case has no blocks of four bits");
        var usual = golden.Json.GetProperty("blocksize").GetInt32();
        using var expected = new GoldenTensors(golden);
        AssertClose(expected["code.nf4"].ToArray<float>(), FourBitCode.Nf4.Values.ToArray(), 0);
        AssertClose(expected["code.fp4"].ToArray<float>(), FourBitCode.Fp4.Values.ToArray(), 0);
        AssertClose(expected["code.dynamic"].ToArray<float>(), [.. DynamicCode.Values], 1e-7);
        foreach (var entry in cases.EnumerateArray())
        {
            using var scope = torch.NewDisposeScope();
            var name = entry.GetProperty("name").GetString()!;
            var code = entry.GetProperty("quant_type").GetString() == "fp4" ? FourBitCode.Fp4 : FourBitCode.Nf4;
            var doubled = entry.GetProperty("double").GetBoolean();
            var block = entry.TryGetProperty("blocksize", out var own) ? own.GetInt32() : usual;
            var stored = expected[$"{string.Join('.', name.Split('.')[..^2])}.input"];
            var input = stored.to(ScalarType.Float32).view(-1, stored.size(-1));
            var weight = FourBitWeight.Quantise(input, code, doubled, block);
            Assert.True(expected[name + ".packed"].ToArray<byte>().SequenceEqual(weight.Packed), name);
            if (doubled)
            {
                // Of a single scale nothing is left beside the mean: its code is multiplied by 0.
                if (weight.Scales.Codes!.Length > 1) Assert.Equal(expected[name + ".absmax"].ToArray<byte>(), weight.Scales.Codes);
                AssertClose(expected[name + ".nested_absmax"].ToArray<float>(), weight.Scales.Largest, 1e-6);
                Assert.Equal(expected[name + ".nested_offset"].item<float>(), weight.Scales.Offset, golden.Tolerance("offset_rel", 1e-6) * Math.Abs(weight.Scales.Offset));
            }
            else AssertClose(expected[name + ".absmax"].ToArray<float>(), weight.Scales.Values(), golden.Tolerance("absmax_abs", 0));
            var read = doubled ? weight.Scales with { Largest = expected[name + ".nested_absmax"].ToArray<float>(), Offset = expected[name + ".nested_offset"].item<float>() } : weight.Scales;
            var plain = new FourBitWeight(weight.Out, weight.In, code, weight.Packed.ToArray(), read).Plain().to(stored.dtype);
            // Of many blocks the case holds the codes alone.
            if (expected.Has(name + ".dequantised")) AssertClose(expected[name + ".dequantised"].ToArray<float>(), plain.ToArray<float>(), golden.Tolerance("dequantised_abs", 1e-6));
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Gather_GoldenCheckpoint_WeightsAndProducts(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("model.safetensors")), "the case has no checkpoint");
        using var expected = new GoldenTensors(golden);
        using var file = SafeTensors.Open(golden.File("model.safetensors"));
        var gathered = BitsAndBytes.Gather(file.Tensors);
        Assert.NotEmpty(gathered);
        foreach (var tensor in gathered)
        {
            using var scope = torch.NewDisposeScope();
            var name = expected.Names.Single(n => n.EndsWith(".dequantised", StringComparison.Ordinal) && tensor.Name.Contains($".{n[..^".dequantised".Length]}.", StringComparison.Ordinal))[..^".dequantised".Length];
            var (want, have) = (expected[$"{name}.dequantised"], tensor.Map());
            Assert.Equal(want.dtype, have.dtype);
            AssertClose(want.ToArray<float>(), have.ToArray<float>(), golden.Tolerance("dequantised_abs", 1e-6));
            using var projection = new QuantisedProjection(tensor.Held!.Read(), null, torch.CPU);
            Assert.Equal(tensor.Held.Storage, projection.Held.Storage);
            // The reference rounds the weight to its type first.
            var rounding = want.dtype == ScalarType.Float32 ? 0 : want.dtype == ScalarType.Float16 ? 5e-4 : 4e-3;
            expected.AssertClose($"{name}.y", projection.Forward(expected[$"{name}.x"].to(ScalarType.Float32)), golden.Tolerance("y_rel", 1e-5) + rounding);
            expected.AssertClose($"{name}.y", torch.nn.functional.linear(expected[$"{name}.x"].to(ScalarType.Float32), have.to(ScalarType.Float32)), golden.Tolerance("y_rel", 1e-5));
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Quantise_GoldenBlockwise_CodesAndValues(string folder)
    {
        var golden = Golden.Open(folder);
        using var expected = new GoldenTensors(golden);
        var names = expected.Names.Where(n => n.StartsWith("blockwise.", StringComparison.Ordinal) && n.EndsWith(".q", StringComparison.Ordinal)).Select(n => n[..^2]).ToList();
        Assert.SkipWhen(names.Count == 0, "the case has no blocks of bytes");
        foreach (var name in names)
        {
            var block = (int)expected[$"{name}.blocksize"].item<long>();
            var codes = DynamicCode.Quantise(expected[$"{name}.input"].ToArray<float>(), out var largest, block);
            Assert.Equal(expected[$"{name}.q"].ToArray<byte>(), codes);
            Assert.Equal(expected[$"{name}.absmax"].ToArray<float>(), largest);
            AssertClose(expected[$"{name}.dequantised"].ToArray<float>(), DynamicCode.Dequantise(codes, largest, block), golden.Tolerance("dequantised_abs", 1e-6));
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Quantise_GoldenInt8_CodesScalesAndProducts(string folder)
    {
        var golden = Golden.Open(folder);
        using var expected = new GoldenTensors(golden);
        Assert.SkipUnless(expected.Has("linear.CB"), "the case has no int8 weight");
        using var scope = torch.NewDisposeScope();
        var (weight, bias, x) = (expected["linear.weight"], expected["linear.bias"], expected["linear.x"]);
        using var projection = new QuantisedProjection(QuantisedWeight.Of(weight, WeightStorage.Int8), bias, torch.CPU);
        var held = (Int8Weight)projection.Held;
        Assert.Equal(expected["linear.CB"].ToArray<sbyte>(), held.Codes.ToArray<sbyte>());
        Assert.Equal(expected["linear.SCB"].ToArray<float>(), held.Largest.ToArray<float>());
        AssertClose(expected["linear.dequantised"].ToArray<float>(), projection.Dequantise().ToArray<float>(), golden.Tolerance("dequantised_abs", 1e-6));
        expected.AssertClose("linear.y.weight_only", projection.Forward(x), golden.Tolerance("weight_only_rel", 1e-5));
        foreach (var threshold in expected.Names.Where(n => n.StartsWith("x.", StringComparison.Ordinal) && n.EndsWith(".q", StringComparison.Ordinal)).Select(n => n[2..^2]).ToList())
        {
            var least = double.Parse(threshold, System.Globalization.CultureInfo.InvariantCulture);
            var (codes, largest, columns, _) = Int8Weight.Rows(x, least);
            Assert.Equal(expected[$"x.{threshold}.q"].ToArray<sbyte>(), codes.ToArray<sbyte>());
            Assert.Equal(expected[$"x.{threshold}.row_stats"].ToArray<float>(), largest.ToArray<float>());
            if (expected.Has($"x.{threshold}.outlier_cols")) Assert.Equal(expected[$"x.{threshold}.outlier_cols"].ToArray<long>().Order(), columns!.ToArray<long>());
            AssertClose(expected[$"linear.y.{threshold}"].ToArray<float>(), (held.ByIntegers(x, least) + bias).ToArray<float>(), golden.Tolerance("y_abs", 5e-3));
        }
    }

    [Theory]
    [InlineData(WeightStorage.Int8, ScalarType.Float32)]
    [InlineData(WeightStorage.Nf4, ScalarType.Float32)]
    [InlineData(WeightStorage.Nf4Single, ScalarType.Float32)]
    [InlineData(WeightStorage.Int8, ScalarType.BFloat16)]
    [InlineData(WeightStorage.Nf4, ScalarType.BFloat16)]
    [InlineData(WeightStorage.Fp4, ScalarType.Float32)]
    [InlineData(WeightStorage.Fp4Single, ScalarType.BFloat16)]
    [InlineData(WeightStorage.W8A8, ScalarType.Float32)]
    [InlineData(WeightStorage.W8A8, ScalarType.BFloat16)]
    public void Forward_FewAndManyRows_ProductsOfTheWeightsThatAreHeld(WeightStorage storage, ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(5);
        Tensor weight = torch.randn([70, 128], generator: generator), bias = torch.randn([70], generator: generator).to(dtype);
        using var projection = new QuantisedProjection(QuantisedWeight.Of(weight, storage), bias, torch.CPU);
        Assert.Equal(storage, projection.Held.Storage);
        Assert.True(projection.Held.Bytes < weight.numel() * 1.1 + 600);
        var held = projection.Dequantise();
        Assert.True((held - weight).abs().max().item<float>() < (storage is WeightStorage.Int8 or WeightStorage.W8A8 ? 0.03 : 0.9));
        // Bytes of x: half a step of its largest, 1.4 % of it, at each of a row's values.
        var tolerance = storage == WeightStorage.W8A8 ? 5e-2 : dtype == ScalarType.Float32 ? 1e-5 : 2e-2;
        foreach (var rows in new[] { 1, 3, 8, 20 })
        {
            var x = torch.randn([rows, 128], generator: generator).to(dtype).requires_grad_();
            var expected = torch.nn.functional.linear(x.to(ScalarType.Float32), held, bias.to(ScalarType.Float32));
            using (torch.no_grad()) GoldenTensors.AssertClose(expected, projection.Forward(x), tolerance, $"{rows} rows");
            var y = projection.Forward(x);
            Assert.Equal(dtype, y.dtype);
            Autograd.Backward(y.sum());
            GoldenTensors.AssertClose(held.sum([0L]).expand(rows, 128), x.grad!, tolerance, "the gradient");
        }
        if (projection.Held is FourBitWeight four) Assert.Equal(held.ToArray<float>(), four.WrittenOut(torch.CPU).ToArray<float>());   // as a GPU does it
        projection.Replace(weight * 2, bias);
        Assert.True((projection.Dequantise() - held * 2).abs().max().item<float>() < (storage is WeightStorage.Nf4 or WeightStorage.Fp4 ? 0.05 : 1e-2));
    }

    [Theory]
    [InlineData("llama", WeightStorage.Nf4)]
    [InlineData("bloom", WeightStorage.Nf4)]
    [InlineData("gpt2", WeightStorage.Int8)]     // whose weights lie the other way round
    [InlineData("gpt2", WeightStorage.Fp4)]
    [InlineData("opt narrow", WeightStorage.Int8)]
    [InlineData("chatglm2", WeightStorage.Nf4)]
    public void Load_HeldInFewerBits_CachedAsWholeAndNotSavedInAnotherForm(string family, WeightStorage storage)
    {
        using var folder = new TemporaryFolder();
        using (var plain = FamilyModels.Create(family)) ModelDirectory.Save(plain, folder["m"]);
        using var decoder = ModelDirectory.Load(folder["m"], new LoadOptions(ScalarType.Float32, TestDevice.Chosen, storage));
        Assert.Equal(storage, decoder.Storage);
        // What stands around the blocks (OPT's projections to another width) stays whole.
        Assert.All(decoder.Projections.Where(site => site.Block >= 0), site => Assert.IsType<QuantisedProjection>(site.Weights));
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.tensor(FamilyModels.Ids(decoder, 12));
        var whole = decoder.Hidden(ids, SegmentLayout.Single(12));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var parts = new[] { (0, 9), (9, 1), (10, 2) }.Select(part => decoder.Hidden(ids.narrow(0, part.Item1, part.Item2), new SegmentLayout([new Segment(0, part.Item2, Position: part.Item1, Sequence: sequence)]), cache: cache));
        GoldenTensors.AssertClose(whole, torch.cat([.. parts]), 1e-4, family);
        Assert.Contains("is not saved", Assert.Throws<ModelException>(() => ModelDirectory.Save(decoder, folder["again"], storage: WeightStorage.Plain)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightStorage.Int8, ScalarType.Float32)]
    [InlineData(WeightStorage.Nf4, ScalarType.Float32)]
    [InlineData(WeightStorage.Fp4Single, ScalarType.BFloat16)]
    [InlineData(WeightStorage.LlmInt8, ScalarType.Float32)]
    [InlineData(WeightStorage.W8A8, ScalarType.Float32)]
    public void Hidden_StepsFromTheCodes_AsTheWholePass(WeightStorage storage, ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(2);
        using var decoder = Decoder.CreateRandom(DecoderConfig.Read(SmallLlama), generator, dtype, storage: storage);
        Assert.Equal(storage, decoder.Storage);
        Assert.True(decoder.WeightBytes < decoder.ParameterCount * dtype.Size());
        var ids = torch.tensor(FamilyModels.Ids(decoder, 7));
        var whole = decoder.Hidden(ids, SegmentLayout.Single(7));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var steps = Enumerable.Range(0, 7).Select(i => decoder.Hidden(ids.narrow(0, i, 1), new SegmentLayout([new Segment(0, 1, Position: i, Sequence: sequence)]), cache: cache)).ToArray();
        // Bytes for x are rounded by the values beside them, which are others where a row is alone.
        GoldenTensors.AssertClose(whole, torch.cat(steps), storage == WeightStorage.LlmInt8 ? 3e-2 : dtype == ScalarType.Float32 ? 1e-4 : 5e-2, "steps");
    }

    /// <summary>What is answered and scored goes through the head as it is; so does what trains the head itself.</summary>
    [Theory]
    [InlineData(WeightStorage.W8A8, false)]
    [InlineData(WeightStorage.W8A8, true)]
    [InlineData(WeightStorage.Int8, false)]
    [InlineData(WeightStorage.Plain, false)]
    public void Logits_OfATrainingStep_InBytesWhereTheBlocksAre(WeightStorage storage, bool trainsHead)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(2);
        using var decoder = Decoder.CreateRandom(DecoderConfig.Read(SmallLlama), generator, ScalarType.Float32, storage: storage);
        var hidden = torch.randn([20, 64], generator: generator);
        decoder.Parameters[decoder.HeadPath + ".weight"].requires_grad_(trainsHead);
        Tensor exact = decoder.Logits(hidden, SegmentLayout.Single(20)), trained = decoder.Logits(hidden, SegmentLayout.Single(20), trains: true);
        if (storage != WeightStorage.W8A8 || trainsHead || !ByteMatrix.IsFast) Assert.Equal(exact.ToArray<float>(), trained.ToArray<float>());
        else Assert.InRange((exact - trained).abs().max().item<float>() / exact.abs().max().item<float>(), 1e-5, 2e-2);
    }

    [Fact]
    public void Product_InIntegers_AsThePlainDefinition()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        foreach (var (rows, output, input) in new[] { (1, 1, 1), (3, 70, 37), (2, 5, 4096) })
        {
            Tensor Bytes(long a, long b) => (torch.rand([a, b], generator: generator) * 254 - 127).round().to(ScalarType.Int8);
            var (x, w) = (Bytes(rows, input), Bytes(output, input));
            Assert.Equal(x.to(ScalarType.Float64).mm(w.to(ScalarType.Float64).t()).to(ScalarType.Float32).ToArray<float>(), IntegerRows.Product(x, w).ToArray<float>());
        }
    }

    [Fact]
    public void Forward_LlmInt8_OneLargeValueCostsTheOthersNothing()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(5);
        Tensor weight = torch.randn([70, 128], generator: generator), x = torch.randn([20, 128], generator: generator).clamp(-4, 4);
        x[3, 17] = 60f;
        using var projection = new QuantisedProjection(QuantisedWeight.Of(weight, WeightStorage.LlmInt8), null, torch.CPU);
        var expected = torch.nn.functional.linear(x, projection.Dequantise());
        double Worst(Tensor y) => ((y - expected).abs().max() / expected.abs().max()).item<float>();
        Assert.InRange(Worst(projection.Forward(x)), 1e-6, 3e-3);
        Assert.True(Worst(((Int8Weight)projection.Held).ByIntegers(x, 0)) > 3e-3, "without the threshold the large value takes the others' precision");
        using var trained = x.clone().requires_grad_();
        Assert.True(Worst(projection.Forward(trained)) < 1e-5, "where a gradient is wanted the product is that of the weights");
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"element {i} is {actual[i]:R}, {expected[i]:R} is expected");
    }
}
