using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Settings act on the forward pass and on the merge alike, without golden files.</summary>
public sealed class AdapterWiringTests
{
    private static readonly int[] _ids = [3, 14, 15, 9, 26, 5];

    [Fact]
    public void At_PlainLora_ScalesByAlphaOverRank()
    {
        Assert.Equal(2, new LoraConfig { R = 8, Alpha = 16 }.At("model.layers.0.self_attn.q_proj").Scaling);
        Assert.Equal(0.5, new LoraConfig { R = 32, Alpha = 16 }.At("model.layers.0.self_attn.q_proj").Scaling);
    }

    [Fact]
    public void Read_OnlyTheType_HasPeftsDefaults()
    {
        var lora = Assert.IsType<LoraConfig>(AdapterConfig.Read("""{"peft_type": "LORA"}"""));
        Assert.Equal((8, 8.0, 0.0, false, LoraInit.Default), (lora.R, lora.Alpha, lora.Dropout, lora.UseRsLora, lora.Init));
        Assert.True(Assert.IsType<Ia3Config>(AdapterConfig.Read("""{"peft_type": "IA3"}""")).InitOnes);
    }

    [Fact]
    public void Forward_Lora_IsTheBasePlusAlphaOverRankTimesBA()
    {
        using var decoder = TinyDecoder.Create(layers: 1);
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2, Alpha = 6, Init = LoraInit.Random, TargetModules = ModuleSelection.Of("q_proj") });
        var bank = new AdapterBank(decoder);
        var adapted = TinyDecoder.Logits(decoder, bank, (bank.Add(adapter), _ids))[0];
        using (torch.NewDisposeScope())
        using (torch.no_grad())
        {
            var (a, b) = (adapter.Parameters.Single(p => p.Key.Contains("lora_A", StringComparison.Ordinal)), adapter.Parameters.Single(p => p.Key.Contains("lora_B", StringComparison.Ordinal)));
            decoder.Parameters["model.layers.0.self_attn.q_proj.weight"].add_(torch.mm(b.Value, a.Value), 3);
        }
        Near(TinyDecoder.Logits(decoder, null, (-1, _ids))[0], adapted);
    }

    [Fact]
    public void Merge_EveryMethodOnABaseWithBiases_KeepsTheLogits()
    {
        foreach (var config in (AdapterConfig[])
        [
            new LoraConfig { Alpha = 32, Init = LoraInit.Random, TargetModules = ModuleSelection.Matching("all-linear") },
            new LoraConfig { Alpha = 32, UseRsLora = true, Init = LoraInit.Random },
            new Ia3Config { InitOnes = false },
        ])
        {
            using var decoder = WithBiases();
            using var adapter = TinyDecoder.Adapter(decoder, config);
            var bank = new AdapterBank(decoder);
            var (before, adapted) = (TinyDecoder.Logits(decoder, null, (-1, _ids))[0], TinyDecoder.Logits(decoder, bank, (bank.Add(adapter), _ids))[0]);
            Assert.True(before.Zip(adapted, (x, y) => Math.Abs(x - y)).Max() > 1e-3, $"{config.PeftType} changes nothing");
            Merger.Merge(decoder, adapter, [_ids], 1e-4);
            Near(adapted, TinyDecoder.Logits(decoder, null, (-1, _ids))[0]);
        }
    }

    [Fact]
    public void Forward_Ia3OnAFeedForward_ScalesItsInputColumns()
    {
        using var decoder = TinyDecoder.Create(layers: 1);
        using var adapter = TinyDecoder.Adapter(decoder, new Ia3Config { InitOnes = false, TargetModules = ModuleSelection.Of("down_proj"), FeedforwardModules = ModuleSelection.Of("down_proj") });
        var l = Assert.Single(adapter.Parameters).Value;
        Assert.Equal([1, 48], l.shape);
        var bank = new AdapterBank(decoder);
        var adapted = TinyDecoder.Logits(decoder, bank, (bank.Add(adapter), _ids))[0];
        using (torch.NewDisposeScope())
        using (torch.no_grad())
            decoder.Parameters["model.layers.0.mlp.down_proj.weight"].mul_(l);
        Near(TinyDecoder.Logits(decoder, null, (-1, _ids))[0], adapted);
    }

    /// <summary>PEFT's series of three terms has a fourth; of two and of five it has as many as it is asked for.</summary>
    [Theory]
    [InlineData(3, 4, true)]
    [InlineData(2, 3, false)]
    [InlineData(4, 5, false)]
    public void Forward_OftSeries_HasPeftsTerms(int terms, int others, bool same)
    {
        using var decoder = TinyDecoder.Create(layers: 1);
        float[] Logits(int count)
        {
            using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read($$"""{"peft_type": "OFT", "oft_block_size": 4, "num_cayley_neumann_terms": {{count}}, "target_modules": ["q_proj", "v_proj"]}"""));
            using (torch.no_grad())
            using (var generator = new Generator(3))
                foreach (var parameter in adapter.Parameters) parameter.Value.copy_(torch.randn(parameter.Value.shape, generator: generator) * 0.2);
            adapter.ValuesChanged();
            var bank = new AdapterBank(decoder);
            return TinyDecoder.Logits(decoder, bank, (bank.Add(adapter), _ids))[0];
        }
        var (some, more) = (Logits(terms), Logits(others));
        if (same) Assert.Equal(some, more);
        else Assert.True(some.Zip(more, (a, b) => Math.Abs(a - b)).Max() > 1e-3);
    }

    [Fact]
    public void Penalty_OfNoWeight_IsNothing()
    {
        using var decoder = TinyDecoder.Create(layers: 1);
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read("""{"peft_type": "ADALORA", "init_r": 2, "target_r": 1, "total_step": 10, "orth_reg_weight": 0.0}"""));
        using var penalty = adapter.Penalty()!;
        Assert.Equal(0, penalty.item<float>());
    }

    [Fact]
    public void Train_Dropout_ActsWhileTrainingAndNeverAfterwards()
    {
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { Dropout = 0.5, Init = LoraInit.Random });
        var bank = new AdapterBank(decoder);
        var member = bank.Add(adapter);
        var before = TinyDecoder.Logits(decoder, bank, (member, _ids))[0];
        float[] trained;
        using (bank.Train()) trained = TinyDecoder.Logits(decoder, bank, (member, _ids))[0];
        Assert.NotEqual(before, trained);
        Assert.Equal(before, TinyDecoder.Logits(decoder, bank, (member, _ids))[0]);
    }

    [Fact]
    public void Hidden_MembersInOneRowWithGradients_EachAsAlone()
    {
        using var decoder = TinyDecoder.Create();
        using var first = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random, TargetModules = ModuleSelection.Matching("all-linear") });
        using var second = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random, TargetModules = ModuleSelection.Matching("all-linear") }, seed: 2);
        var bank = new AdapterBank(decoder);
        int[] members = [bank.Add(first), bank.Add(second), -1];
        using var scope = torch.NewDisposeScope();
        var ids = torch.tensor(Array.ConvertAll(_ids, id => (long)id));

        var packed = decoder.Hidden(torch.cat([ids, ids, ids], 0), new SegmentLayout([.. members.Select((member, i) => new Segment(i * _ids.Length, _ids.Length, member))]), bank);

        Assert.True(packed.requires_grad);
        var alone = Array.ConvertAll(members, member => decoder.Hidden(ids, SegmentLayout.Single(_ids.Length, member), bank).ToArray<float>());
        Assert.NotEqual(alone[0], alone[1]);
        for (var i = 0; i < members.Length; i++) Near(alone[i], packed.narrow(0, i * _ids.Length, _ids.Length).ToArray<float>());
    }

    [Fact]
    public void Create_GaussianInit_StandsForOneOverTheRank()
    {
        using var decoder = TinyDecoder.Create(layers: 4);
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { R = 8, Init = LoraInit.Gaussian });
        var a = adapter.Parameters.Where(p => p.Key.Contains("lora_A", StringComparison.Ordinal)).SelectMany(p => p.Value.ToArray<float>()).ToArray();
        Assert.InRange(Math.Sqrt(a.Average(x => (double)x * x)), 0.11, 0.14);
    }

    /// <summary>As PEFT's, which takes the padding of the base's embedding over: the column of padding, or its row in an own table, gets no gradient.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Backward_EmbeddingIsAdapted_PaddingLearnsNothing(bool whole)
    {
        using var generator = new Generator(7);
        using var decoder = Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama", VocabularySize = 20, HiddenSize = 16, IntermediateSize = 16, Layers = 1, Heads = 2, KeyValueHeads = 2, HeadDim = 8, PaddingRow = 3,
        }, generator, ScalarType.Float32);
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2, TargetModules = whole ? ModuleSelection.Of("q_proj") : ModuleSelection.Of("q_proj", "embed_tokens"), ModulesToSave = whole ? new OneOrMany<string>(["embed_tokens"]) : null });
        var bank = new AdapterBank(decoder);
        var member = bank.Add(adapter);
        using var scope = torch.NewDisposeScope();
        Autograd.Backward(decoder.Hidden(torch.tensor(new long[] { 3, 5, 3 }), SegmentLayout.Single(3, member), bank).square().sum());
        var table = adapter.Parameters.Single(p => p.Key.Contains("embed", StringComparison.Ordinal) && !p.Key.EndsWith("_B", StringComparison.Ordinal)).Value.grad!;
        float Largest(int id) => (whole ? table[id] : table.select(1, id)).abs().max().item<float>();
        Assert.Equal((0, true), (Largest(3), Largest(5) > 0));
    }

    [Fact]
    public void Parameters_OfFullFineTuning_AreThoseThatWereNamed()
    {
        using var decoder = WithBiases();
        using (var adapter = new BaseParameters(decoder, decoder.TokenTables))
        {
            Assert.Equal(decoder.TokenTables, adapter.Parameters.Select(p => p.Key));
            Assert.All(decoder.Parameters, p => Assert.Equal(decoder.TokenTables.Contains(p.Key), p.Value.requires_grad));
        }
        Assert.DoesNotContain(decoder.Parameters.Values, p => p.requires_grad);
    }

    [Fact]
    public void Parameters_OfFullFineTuning_VectorsAreNotDecayed()
    {
        using var decoder = WithBiases();
        using var adapter = new BaseParameters(decoder);
        Assert.All(adapter.Parameters, p => Assert.Equal(!p.Key.Contains("norm", StringComparison.Ordinal) && !p.Key.EndsWith("bias", StringComparison.Ordinal), p.Decays));
        Assert.Contains(adapter.Parameters, p => p.Key.EndsWith("bias", StringComparison.Ordinal));
    }

    private static Decoder WithBiases()
    {
        using var generator = new Generator(7);
        var decoder = Decoder.CreateRandom(new DecoderConfig
        {
            ModelType = "llama", VocabularySize = 61, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadDim = 8, InitializerRange = 0.2,
            AttentionBias = true, MlpBias = true,
        }, generator, ScalarType.Float32);
        using var frozen = torch.no_grad();
        foreach (var (name, value) in decoder.Parameters)
            if (name.EndsWith("bias", StringComparison.Ordinal)) value.normal_(0, 0.5, generator);
        return decoder;
    }

    private static void Near(float[] want, float[] have)
    {
        Assert.Equal(want.Length, have.Length);
        Assert.True(want.Zip(have, (x, y) => Math.Abs(x - y)).Max() <= 1e-4 * want.Max(Math.Abs), $"differs by {want.Zip(have, (x, y) => Math.Abs(x - y)).Max():E2}");
    }
}
