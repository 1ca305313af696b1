using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

public sealed class MergerTests
{
    private static readonly int[][] _rows = [[1, 2, 3, 4, 5], [9, 8, 7]];

    /// <summary>The tolerance of a type lets a right merge through and stops one that is wrong by a tenth of the update.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 1e-3)]
    [InlineData(ScalarType.Float16, 1e-2)]
    [InlineData(ScalarType.BFloat16, 5e-2)]
    public void Merge_ToleranceOfTheStoredType_RightMergePasses(ScalarType type, double tolerance)
    {
        using var decoder = TinyDecoder.Create(dtype: type);
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random });
        Assert.Equal(tolerance, Merger.ToleranceFor(decoder));
        var report = Merger.Merge(decoder, adapter, _rows, Merger.ToleranceFor(decoder));
        Assert.InRange(report.Relative, 0, tolerance);
        Assert.Equal(4, report.Modules);
        Assert.True(report.MaxLogit > 0);
    }

    [Fact]
    public void ToleranceFor_NormsInFp32OverBf16Matrices_TheCoarsestMatrixCounts()
    {
        using var folder = new TemporaryFolder();
        using (var decoder = TinyDecoder.Create(dtype: ScalarType.BFloat16)) ModelDirectory.Save(decoder, folder.Path);
        using (torch.NewDisposeScope())
        {
            var tensors = SafeTensors.Read(folder["model.safetensors"]);
            SafeTensors.Write(folder["model.safetensors"], tensors.ToDictionary(t => t.Key, t => t.Key.Contains("norm", StringComparison.Ordinal) || t.Key.Contains("embed", StringComparison.Ordinal) ? t.Value.to(ScalarType.Float32) : t.Value));
            foreach (var tensor in tensors.Values) tensor.Dispose();
        }
        using var loaded = ModelDirectory.Load(folder.Path, new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal((ScalarType.Float32, 5e-2), (loaded.Dtype, Merger.ToleranceFor(loaded)));
    }

    /// <summary>What is no projection's weight is folded in too; a head that is the embedding becomes one of its own, in the saved model as well.</summary>
    [Theory]
    [InlineData("""{"peft_type": "LN_TUNING"}""", true, 5, true)]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["embed_tokens"]}""", true, 1, false)]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["embed_tokens", "q_proj"]}""", false, 3, false)]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["lm_head", "v_proj"]}""", true, 3, false)]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}""", true, 3, false)]
    [InlineData("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "lm_head"]}""", false, 4, false)]
    public void Merge_NormsEmbeddingsAndHeads_SavedModelComputesTheSame(string json, bool tied, int modules, bool staysTied)
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama", VocabularySize = 61, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadDim = 8, InitializerRange = 0.2, TieWordEmbeddings = tied,
        }, generator, ScalarType.Float32);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(json));
        using (torch.no_grad())
            foreach (var parameter in adapter.Parameters) parameter.Value.add_(torch.randn(parameter.Value.shape, generator: generator) * 0.1);
        adapter.ValuesChanged();
        var bank = new AdapterBank(decoder);
        var member = bank.Add(adapter);
        var (bare, beside) = (TinyDecoder.Logits(decoder, null, (-1, _rows[0]))[0], TinyDecoder.Logits(decoder, bank, (member, _rows[0]))[0]);
        var worst = bare.Zip(beside, (a, b) => Math.Abs(a - b)).Max();

        var report = Merger.Merge(decoder, adapter, _rows, 1e-4);

        Assert.Equal((modules, tied && staysTied), (report.Modules, decoder.Config.TieWordEmbeddings));
        Assert.True(worst > 100 * report.MaxDifference, $"the adapter moves the logits by {worst:E1} only");
        using var folder = new TemporaryFolder();
        ModelDirectory.Save(decoder, folder.Path);
        using var saved = ModelDirectory.Load(folder.Path, new LoadOptions(Device: TestDevice.Chosen));
        Assert.Empty(saved.Remarks);
        var merged = TinyDecoder.Logits(saved, null, (-1, _rows[0]))[0];
        Assert.True(beside.Zip(merged, (a, b) => Math.Abs(a - b)).Max() <= 1e-4 * beside.Max(Math.Abs));
    }

    [Fact]
    public void Merge_HeadThatMissesTheTolerance_BaseComputesWhatItDid()
    {
        using var decoder = TinyDecoder.Create(dtype: ScalarType.BFloat16);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read("""{"peft_type": "LORA", "init_lora_weights": false, "target_modules": ["lm_head", "embed_tokens", "q_proj"]}"""));
        var before = TinyDecoder.Logits(decoder, null, (-1, _rows[0]))[0];
        Assert.Throws<AdapterException>(() => Merger.Merge(decoder, adapter, _rows, 1e-9));
        Assert.Equal(before, TinyDecoder.Logits(decoder, null, (-1, _rows[0]))[0]);
    }

    /// <summary>A model in few bits is held against the weights that it was made of, not against its logits alone, which rounding moves far.</summary>
    [Theory]
    [InlineData(WeightStorage.Int8)]
    [InlineData(WeightStorage.Nf4)]
    [InlineData(WeightStorage.Fp4)]
    public void RequireRounded_AnotherModel_NamesTheWeight(WeightStorage storage)
    {
        using var folder = new TemporaryFolder();
        using Decoder decoder = TinyDecoder.Create(), other = TinyDecoder.Create();
        ModelDirectory.Save(decoder, folder.Path, storage: storage);
        using var written = ModelDirectory.Load(folder.Path, new LoadOptions(Device: TestDevice.Chosen));
        Assert.InRange(Merger.RequireRounded(written, decoder, _rows, 10).Relative, 1e-5, 1);
        using (torch.NewDisposeScope())
        using (torch.no_grad())
        {
            var site = other.Projections[3];
            site.Weights.Replace(site.Weights.Dequantise() * 1.5f, null);
        }
        Assert.Contains(other.Projections[3].Path, Assert.Throws<AdapterException>(() => Merger.RequireRounded(written, other, _rows, 10)).Message, StringComparison.Ordinal);
    }

    /// <summary>IA3 scales what a projection gives, its bias included, or what a feed-forward one gets, its bias not.</summary>
    [Fact]
    public void Merge_Ia3OnABaseWithBiases_SameLogitsAndScaledBiases()
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama", VocabularySize = 61, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadDim = 8, InitializerRange = 0.2,
            AttentionBias = true, MlpBias = true,
        }, generator, ScalarType.Float32);
        // Fresh biases are zero, on which a scale that is left out would not show.
        using (torch.no_grad())
            foreach (var (name, parameter) in decoder.Parameters)
                if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.normal_(0, 0.5, generator);
        using var adapter = TinyDecoder.Adapter(decoder, new Ia3Config { InitOnes = false });
        var before = decoder.Parameters.ToDictionary(p => p.Key, p => p.Value.ToArray<float>());

        var report = Merger.Merge(decoder, adapter, _rows, 1e-4);

        Assert.InRange(report.Relative, 0, 1e-4);
        var l = adapter.Parameters.ToDictionary(p => p.Key, p => p.Value.ToArray<float>());
        foreach (var site in adapter.Targets)
        {
            var scale = l[$"base_model.model.{site.Path}.ia3_l"];
            var bias = before[$"{site.Path}.bias"];
            var expected = site.Name == "down_proj" ? bias : [.. bias.Zip(scale, (b, s) => b * s)];
            Assert.Equal(expected, decoder.Parameters[$"{site.Path}.bias"].ToArray<float>());
        }
    }
}
