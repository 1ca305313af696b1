using AlpacaCot.Kernels;

namespace AlpacaCot.Models.Tests;

/// <summary>Models that are saved in few bits, in bitsandbytes' form: they load as they were saved, code for code.</summary>
public sealed class QuantisedSaveTests
{
    [Theory]
    [InlineData("llama", WeightStorage.Int8, WeightStorage.LlmInt8)]
    [InlineData("llama", WeightStorage.Nf4, WeightStorage.Nf4)]
    [InlineData("bloom", WeightStorage.Nf4Single, WeightStorage.Nf4Single)]
    [InlineData("llama", WeightStorage.Fp4, WeightStorage.Fp4)]
    [InlineData("gpt2", WeightStorage.Fp4Single, WeightStorage.Fp4Single)]
    [InlineData("gpt2", WeightStorage.LlmInt8, WeightStorage.LlmInt8)]
    public void Save_InFewBits_LoadsAsHeldWithTheSameCodes(string family, WeightStorage storage, WeightStorage read)
    {
        using var folder = new TemporaryFolder();
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(DecoderConfig.Read(FamilyModels.Configs[family]), generator, ScalarType.BFloat16, TestDevice.Chosen);
        ModelDirectory.Save(decoder, folder["plain"]);
        ModelDirectory.Save(decoder, folder["few"], maxShardBytes: 4000, storage: storage);
        using var held = ModelDirectory.Load(folder["plain"], new LoadOptions(ScalarType.BFloat16, TestDevice.Chosen, storage));
        using var saved = ModelDirectory.Load(folder["few"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Empty(saved.Remarks);
        Assert.Equal(read, saved.Storage);
        AssertSame(held, saved);
        // A model that is held so is saved again without being rounded again.
        ModelDirectory.Save(saved, folder["again"]);
        using var again = ModelDirectory.Load(folder["again"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(read, again.Storage);
        AssertSame(saved, again);
        Assert.Throws<ModelException>(() => ModelDirectory.Save(saved, folder["other"], storage: read == WeightStorage.Nf4 ? WeightStorage.Fp4 : WeightStorage.Nf4));
    }

    private static void AssertSame(Decoder a, Decoder b)
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(a.Parameters.Keys.Order(StringComparer.Ordinal), b.Parameters.Keys.Order(StringComparer.Ordinal));
        foreach (var (x, y) in a.Projections.Zip(b.Projections)) Assert.Equal(x.Weights.Dequantise().ToArray<float>(), y.Weights.Dequantise().ToArray<float>());
        foreach (var (name, value) in a.Parameters) Assert.Equal(value.to(ScalarType.Float32).ToArray<float>(), b.Parameters[name].to(ScalarType.Float32).ToArray<float>());
    }
}
