using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Tests;

/// <summary>What must hold for every family, on fresh models: one by one, packed, for some rows alone and with adapters' keys, always the same numbers.</summary>
public sealed class FamilyDecoderTests
{
    public static TheoryData<string> Families => [.. FamilyModels.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Hidden_TokensOneByOne_AsAtOnce(string family)
    {
        using var decoder = FamilyModels.Create(family);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.tensor(FamilyModels.Ids(decoder, 15));
        var whole = decoder.Hidden(ids, SegmentLayout.Single(15));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var parts = new List<Tensor>();
        foreach (var (start, length) in new[] { (0, 7), (7, 2), (9, 1), (10, 1), (11, 1), (12, 3) })
            parts.Add(decoder.Hidden(ids.narrow(0, start, length), new SegmentLayout([new Segment(0, length, Position: start, Sequence: sequence)]), cache: cache));
        GoldenTensors.AssertClose(whole, torch.cat(parts), 2e-5, family);
    }

    /// <summary>Training: the row of padding learns nothing from being read; in a family whose embedding knows no padding it does.</summary>
    [Theory]
    [InlineData("{\"model_type\": \"llama\", \"pad_token_id\": 5, ", false)]
    [InlineData("{\"model_type\": \"llama\", ", true)]
    [InlineData("{\"model_type\": \"gpt_neox\", \"pad_token_id\": 5, ", true)]
    public void Backward_PaddingIsRead_ItsRowLearnsWhereTheFamilysDoes(string start, bool learns)
    {
        using var decoder = TestModels.Random(DecoderConfig.Read(start + "\"vocab_size\": 50, \"hidden_size\": 32, \"intermediate_size\": 40, \"num_hidden_layers\": 1, \"num_attention_heads\": 4}"));
        using var scope = torch.NewDisposeScope();
        foreach (var parameter in decoder.Parameters.Values) parameter.requires_grad_();
        Autograd.Backward(decoder.Hidden(torch.tensor(new long[] { 7, 5, 9, 5 }), SegmentLayout.Single(4)).square().sum());
        var gradient = decoder.Embedding.grad!;
        Assert.Equal(learns, gradient[5].abs().max().item<float>() > 0);
        Assert.True(gradient[9].abs().max().item<float>() > 0);
    }

    [Theory]
    [InlineData("llama", "model.embed_tokens.weight", "lm_head.weight")]
    [InlineData("gpt2", "transformer.wte.weight")]
    [InlineData("opt", "model.decoder.embed_tokens.weight")]
    [InlineData("phi", "model.embed_tokens.weight", "lm_head.weight", "lm_head.bias")]
    [InlineData("chatglm2", "transformer.embedding.word_embeddings.weight", "transformer.output_layer.weight")]
    public void TokenTables_EmbeddingAndAHeadOfItsOwn(string family, params string[] names)
    {
        using var decoder = FamilyModels.Create(family);
        Assert.Equal(names.Order(), decoder.TokenTables.Order());
        // Learned positions are a table too, and not that of the tokens.
        Assert.Equal(names[0], decoder.EmbeddingPath + ".weight");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Hidden_SequencesInOneRow_AsEachAlone(string family)
    {
        using var decoder = FamilyModels.Create(family);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        Tensor first = torch.tensor(FamilyModels.Ids(decoder, 9)), second = torch.tensor(FamilyModels.Ids(decoder, 12, from: 8));
        var alone = torch.cat([decoder.Hidden(first, SegmentLayout.Single(9)), decoder.Hidden(second, SegmentLayout.Single(12))]);
        var layout = SegmentLayout.Of([9, 12]);
        GoldenTensors.AssertClose(alone, decoder.Hidden(torch.cat([first, second]), layout), 2e-5, family);
        int[] rows = [8, 14, 20];
        GoldenTensors.AssertClose(Functional.SelectRows(alone, rows), decoder.Hidden(torch.cat([first, second]), layout, rows: rows), 2e-5, $"{family}, some rows");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Hidden_ExtraKeysAndValues_SameWithCache(string family)
    {
        using var decoder = FamilyModels.Create(family);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        using var generator = new Generator(3);
        long[] shape = [2, decoder.Config.KeyValueHeads, decoder.Config.HeadDim];
        var hooks = new Learned(torch.randn(shape, generator: generator), torch.randn(shape, generator: generator));
        var ids = torch.tensor(FamilyModels.Ids(decoder, 10));
        var whole = decoder.Hidden(ids, SegmentLayout.Single(10, 0), hooks);
        Assert.False(torch.allclose(decoder.Hidden(ids, SegmentLayout.Single(10)), whole));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        Tensor Step(int start, int length) => decoder.Hidden(ids.narrow(0, start, length), new SegmentLayout([new Segment(0, length, 0, start, sequence)]), hooks, cache);
        GoldenTensors.AssertClose(whole, torch.cat([Step(0, 8), Step(8, 1), Step(9, 1)]), 2e-5, family);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Backward_EveryParameter_HasAGradient(string family)
    {
        using var decoder = FamilyModels.Create(family);
        using var scope = torch.NewDisposeScope();
        foreach (var parameter in decoder.Parameters.Values) parameter.requires_grad_();
        var layout = SegmentLayout.Single(10);
        Autograd.Backward(decoder.Logits(decoder.Hidden(torch.tensor(FamilyModels.Ids(decoder, 10)), layout), layout).square().mean());
        foreach (var (name, parameter) in decoder.Parameters)
            Assert.True(parameter.grad is not null && parameter.grad.abs().sum().item<float>() > 0, $"{family}: {name} has no gradient");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Save_FreshModel_LoadedAgainIsTheSame(string family)
    {
        using var decoder = FamilyModels.Create(family, ScalarType.BFloat16);
        using var folder = new TemporaryFolder();
        ModelDirectory.Save(decoder, folder["m"], maxShardBytes: 4000);
        using var again = ModelDirectory.Load(folder["m"], new LoadOptions(Device: TestDevice.Chosen));
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.tensor(FamilyModels.Ids(decoder, 9));
        var layout = SegmentLayout.Single(9);
        float[] Logits(Decoder model) => model.Logits(model.Hidden(ids, layout), layout).to(ScalarType.Float32).ToArray<float>();
        Assert.Equal(Logits(decoder), Logits(again));
        Assert.All(Logits(decoder), value => Assert.True(float.IsFinite(value)));
        Assert.Equal(decoder.Parameters.Keys, again.Parameters.Keys);
    }

    [Theory]
    [InlineData(4, new[] { -2.0, -4, -6, -8 })]
    [InlineData(6, new[] { -2.0, -4, -6, -8, -1, -3 })]
    [InlineData(5, new[] { -2.0, -4, -6, -8, -1 })]
    [InlineData(1, new[] { -8.0 })]
    public void AlibiSlopes_OfHeads_PowersOfTwo(int heads, double[] exponents)
        => Assert.Equal(exponents.Select(e => (float)Math.Pow(2, e)), AttentionShape.AlibiSlopes(heads));

    [Theory]
    [InlineData(1, false, new[] { 0f, 1, 2, 3 }, new[] { 4f, 5 }, new[] { 6f, 7 })]   // in a row
    [InlineData(2, false, new[] { 0f, 1, 4, 5 }, new[] { 2f, 6 }, new[] { 3f, 7 })]   // a group per key/value head
    [InlineData(2, true, new[] { 0f, 1, 4, 5 }, new[] { 3f, 7 }, new[] { 2f, 6 })]    // values before keys
    public void Project_FusedOrders_QueriesKeysAndValuesOfTheirRows(int groups, bool valueFirst, float[] queries, float[] keys, float[] values)
    {
        using var scope = torch.NewDisposeScope();
        using var projection = new DenseProjection(torch.arange(8, dtype: ScalarType.Float32).view(8, 1), null);
        var shape = new AttentionShape(4, 2, 1, new Kernels.Attention.AttentionOptions());
        var step = new ForwardStep(SegmentLayout.Single(1), NoAdapters.Instance, null, new ScorePositions().Prepare(null!));
        var fused = new FusedQueryKeyValue(new ProjectionSite(0, "qkv", "qkv", projection), new FusedOrder(groups, valueFirst));
        var (q, k, v) = fused.Project(torch.ones(1, 1), shape, step, step);
        Assert.Equal(queries, q.ToArray<float>());
        Assert.Equal(keys, k.ToArray<float>());
        Assert.Equal(values, v.ToArray<float>());
    }

    [Theory]
    [InlineData(new long[] { 5, 6, 37, 40, 7 }, 3, 2, true)]
    [InlineData(new long[] { 5, 36, 6, 40, 7 }, 3, 1, false)]
    [InlineData(new long[] { 36, 37, 40 }, 2, 1, true)]        // [gMASK] goes before [MASK]
    public void Find_PromptsEnd_BosAndTheMaskInFrontOfIt(long[] ids, int length, int mask, bool countsOn)
        => Assert.Equal(new PromptBounds(length, mask, countsOn), new GlmTokens(40, 36, 37).Find(ids));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rotate_BehindAMaskInThePrompt_TheMasksPosition(bool twoDimensional)
    {
        using var scope = torch.NewDisposeScope();
        var positions = new GlmPositions(twoDimensional, 8, new GlmTokens(40, 36, 37));
        var layout = SegmentLayout.Single(6);
        var step = positions.Prepare(new PositionContext(layout, layout, torch.tensor([5L, 36, 6, 40, 7, 8]), null, CPU));
        Assert.Equal([3], step.Prefixes!);
        var first = step.Rotate(torch.ones(6, 1, 8)).narrow(2, 0, twoDimensional ? 4 : 8);
        Assert.NotEqual(first[1].ToArray<float>(), first[2].ToArray<float>());
        for (var token = 3; token < 6; token++) Assert.Equal(first[1].ToArray<float>(), first[token].ToArray<float>());
        if (!twoDimensional) return;
        var second = step.Rotate(torch.ones(6, 1, 8)).narrow(2, 4, 4);
        Assert.Equal(second[0].ToArray<float>(), second[2].ToArray<float>());   // 0 in the prompt
        Assert.NotEqual(second[2].ToArray<float>(), second[3].ToArray<float>());
        Assert.NotEqual(second[3].ToArray<float>(), second[4].ToArray<float>());
    }

    [Fact]
    public void Prepare_LearnedPositions_RowsFromTheOffsetOn()
    {
        using var scope = torch.NewDisposeScope();
        var table = torch.arange(10, dtype: ScalarType.Float32).view(10, 1);
        var layout = new SegmentLayout([new Segment(0, 2), new Segment(2, 2, Position: 5, Sequence: 0)]);
        var step = new LearnedPositions(table, 2).Prepare(new PositionContext(layout, layout, torch.arange(4), null, CPU));
        Assert.Equal([2f, 3, 7, 8], step.Enter(torch.zeros(4, 1)).ToArray<float>());
    }

    [Fact]
    public void Forward_NormalisedHead_RowsOfLengthOne()
    {
        using var scope = torch.NewDisposeScope();
        var weight = torch.tensor([3f, 4, 0, 0, 0, 2], [3, 2]);
        using var head = new NormalisedProjection(weight);
        var x = torch.tensor([5f, 10], [1, 2]);
        float[] expected = [11, 0, 10];
        Assert.Equal(expected, head.Forward(x).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
        weight.requires_grad_();
        Autograd.Backward(head.Forward(x).sum());
        Assert.Equal(0, (weight.grad! * weight.detach()).sum(1)[0].item<float>(), 1e-5);   // nothing along the row
        weight.requires_grad_(false);
        using (torch.no_grad()) weight[2, 0] = 2;
        Assert.Equal(15 / Math.Sqrt(2), head.Forward(x)[0, 2].item<float>(), 1e-5);        // what was kept while it was frozen is gone
    }

    private sealed record Learned(Tensor Keys, Tensor Values) : IAdapterHooks
    {
        public SegmentPrefix Prefix(int member) => member == 0 ? new SegmentPrefix(Keys: (int)Keys.size(0)) : default;

        public ExtraKeyValues Extra(int block, int member) => new(TestDevice.Place(Keys), TestDevice.Place(Values));
    }
}
