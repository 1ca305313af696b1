using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Models.Tests;

public sealed class DecoderTests
{
    [Fact]
    public void Hidden_ManySequencesDecodedInOneBatch_AsEachAlone()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        long[][] prompts = [[5, 9, 11], [7], [8, 3, 4, 6, 10, 12, 9]];
        using var cache = new KvCache(decoder);
        var sequences = prompts.Select(_ => cache.Allocate()).ToArray();
        var rows = prompts.Select(p => p.ToList()).ToArray();
        var next = prompts;
        for (var step = 0; step < 70; step++)   // past one growth of the cache
        {
            using var inner = torch.NewDisposeScope();
            var segments = new List<Segment>();
            for (var i = 0; i < next.Length; i++)
                segments.Add(new Segment(segments.Count == 0 ? 0 : segments[^1].End, next[i].Length, Position: cache.Length(sequences[i]), Sequence: sequences[i]));
            var hidden = decoder.Hidden(torch.tensor(next.SelectMany(x => x).ToArray()), new SegmentLayout(segments), cache: cache);
            next = [.. segments.Select(s => decoder.Logits(hidden.narrow(0, s.End - 1, 1), SegmentLayout.Single(1)).argmax(-1).ToArray<long>())];
            for (var i = 0; i < rows.Length; i++) rows[i].AddRange(next[i]);
        }
        for (var i = 0; i < prompts.Length; i++) Assert.Equal(Greedy.Whole(decoder, prompts[i], 70), rows[i].Skip(prompts[i].Length));
    }

    /// <summary>One token at a time over several growths of the cache: hidden states, and not only the best token, equal those of one pass.</summary>
    [Fact]
    public void Hidden_CacheGrownSeveralTimes_AsWithout()
    {
        const int Tokens = 700;   // capacities of 64, 128, 256, 512 and 1024
        using var decoder = TestModels.Random(TestModels.Tiny with { MaxPositions = 1024 });
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.tensor(Enumerable.Range(0, Tokens).Select(i => (long)(3 + i * 31 % 47)).ToArray());
        var whole = decoder.Hidden(ids, SegmentLayout.Single(Tokens));
        using var cache = new KvCache(decoder);
        var (first, second) = (cache.Allocate(), cache.Allocate(capacity: 100));
        var rows = new List<Tensor>();
        for (var at = 0; at < Tokens; at++)
        {
            // Two sequences, so that one's growth cannot touch the other's.
            var layout = new SegmentLayout([new Segment(0, 1, Position: at, Sequence: first), new Segment(1, 1, Position: at, Sequence: second)]);
            var id = ids.narrow(0, at, 1);
            rows.Add(decoder.Hidden(torch.cat([id, id]), layout, cache: cache));
        }
        Assert.Equal((Tokens, Tokens), (cache.Length(first), cache.Length(second)));
        GoldenTensors.AssertClose(whole, torch.cat([.. rows.Select(row => row.narrow(0, 0, 1))]), 1e-4, "the first sequence");
        GoldenTensors.AssertClose(whole, torch.cat([.. rows.Select(row => row.narrow(0, 1, 1))]), 1e-4, "the second sequence");
    }

    [Fact]
    public void Hidden_PrefillInPieces_AsAtOnce()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        var ids = torch.arange(20) + 5;
        var whole = decoder.Hidden(ids, SegmentLayout.Single(20));
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var parts = new List<Tensor>();
        foreach (var (start, length) in new[] { (0, 6), (6, 9), (15, 5) })
            parts.Add(decoder.Hidden(ids.narrow(0, start, length), new SegmentLayout([new Segment(0, length, Position: start, Sequence: sequence)]), cache: cache));
        GoldenTensors.AssertClose(whole, torch.cat(parts), 1e-5, "hidden states");
    }

    [Fact]
    public void Truncate_ThenGoOn_AsIfTheRestHadNeverBeen()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        Tensor Step(long[] ids, int position) => decoder.Hidden(torch.tensor(ids), new SegmentLayout([new Segment(0, ids.Length, Position: position, Sequence: sequence)]), cache: cache);
        Step([4, 5, 6], 0);
        var first = Step([7, 8], 3);
        cache.Truncate(sequence, 3);
        Assert.Equal(3, cache.Length(sequence));
        Assert.Equal(first.ToArray<float>(), Step([7, 8], 3).ToArray<float>());
        Assert.True(cache.Bytes > 0);
        cache.Free(sequence);
        Assert.Equal(0, cache.Bytes);
    }

    [Fact]
    public void Hidden_ExtraKeysAndValues_SameWithCacheAndGradientsReachThem()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        var c = decoder.Config;
        long[] shape = [3, c.KeyValueHeads, c.HeadDim];
        var extra = new Learned(torch.randn(shape, generator: generator).requires_grad_(), torch.randn(shape, generator: generator).requires_grad_());
        var ids = torch.arange(8) + 5;
        var layout = new SegmentLayout([new Segment(0, 5, Member: 0), new Segment(5, 3)]);
        var packed = decoder.Hidden(ids, layout, extra);
        GoldenTensors.AssertClose(decoder.Hidden(ids.narrow(0, 5, 3), SegmentLayout.Single(3)), packed.narrow(0, 5, 3), 1e-5, "the segment without");
        var plain = decoder.Hidden(ids.narrow(0, 0, 5), SegmentLayout.Single(5));
        Assert.False(torch.allclose(plain, packed.narrow(0, 0, 5)));
        Autograd.Backward(packed.sum());
        Assert.True(extra.Keys.grad!.abs().sum().item<float>() > 0);

        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        var steps = Enumerable.Range(0, 5).Select(i => decoder.Hidden(ids.narrow(0, i, 1), new SegmentLayout([new Segment(0, 1, 0, i, sequence)]), extra, cache)).ToArray();
        GoldenTensors.AssertClose(packed.narrow(0, 0, 5), torch.cat(steps), 1e-5, "with the cache");
        Assert.Equal(2 * c.Layers, extra.Asked);   // once without the cache, once when the sequence began
    }

    [Fact]
    public void Copy_SequenceWithVirtualTokens_GoesOnAsTheOther()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var hooks = new VirtualTokens(decoder, [7, 8, 9]);
        using var cache = new KvCache(decoder);
        var first = cache.Allocate();
        Tensor Step(int sequence, long id, int at) => decoder.Hidden(torch.tensor([id]), new SegmentLayout([new Segment(0, 1, 0, at, sequence)]), hooks, cache);
        Step(first, 10, 0);
        var second = cache.Copy(first);
        Assert.Equal(1, cache.Length(second));
        var expected = Step(first, 11, 1);
        GoldenTensors.AssertClose(expected, Step(second, 11, 1), 1e-6, "the copy");
        cache.Truncate(second, 1);
        GoldenTensors.AssertClose(expected, Step(second, 11, 1), 1e-6, "the copy, cut back");
        cache.Truncate(second, 0);
        Step(second, 10, 0);
        GoldenTensors.AssertClose(expected, Step(second, 11, 1), 1e-6, "the copy, begun anew");
        Assert.Throws<ArgumentException>(() => decoder.Hidden(torch.tensor([12L]), new SegmentLayout([new Segment(0, 1, -1, 2, second)]), hooks, cache));
    }

    [Fact]
    public void Hidden_VirtualTokensInFront_RowsOfTheIdsAsIfTheyWereTokens()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var hooks = new VirtualTokens(decoder, [7, 8, 9]);
        var ids = torch.tensor([10L, 11, 12, 20, 21]);
        var layout = new SegmentLayout([new Segment(0, 3, Member: 0), new Segment(3, 2)]);
        var expected = decoder.Hidden(torch.tensor([7L, 8, 9, 10, 11, 12, 20, 21]), SegmentLayout.Of([6, 2]));
        var hidden = decoder.Hidden(ids, layout, hooks);
        GoldenTensors.AssertClose(expected.narrow(0, 3, 5), hidden, 1e-5, "packed");

        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        Tensor Step(int start, int length) => decoder.Hidden(ids.narrow(0, start, length), new SegmentLayout([new Segment(0, length, 0, start, sequence)]), hooks, cache);
        GoldenTensors.AssertClose(expected.narrow(0, 3, 3), torch.cat([Step(0, 2), Step(2, 1)]), 1e-5, "with the cache");
        Assert.Equal(3, cache.Length(sequence));   // its own tokens
    }

    public static TheoryData<int[]> WantedRows => new([0], [4, 5], [7], [1, 3, 6], [0, 1, 2, 3, 4, 5, 6, 7]);

    [Theory]
    [MemberData(nameof(WantedRows))]
    public void Hidden_OfWantedRows_AsOfAll(int[] rows)
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        var ids = torch.arange(8) + 10;
        var layout = new SegmentLayout([new Segment(0, 3), new Segment(3, 4, Member: 0), new Segment(7, 1)]);
        using var generator = new Generator(3);
        IAdapterHooks[] hooks = [NoAdapters.Instance, new VirtualTokens(decoder, [7, 8, 9]), new Learned(torch.randn([2, 2, 4], generator: generator), torch.randn([2, 2, 4], generator: generator))];
        foreach (var hook in hooks)
        {
            var all = decoder.Hidden(ids, layout, hook);
            GoldenTensors.AssertClose(Functional.SelectRows(all, rows), decoder.Hidden(ids, layout, hook, rows: rows), 1e-6, $"{hook.GetType().Name}");
        }

        using var cache = new KvCache(decoder);
        var cached = new SegmentLayout([.. layout.Segments.Select(segment => segment with { Sequence = cache.Allocate() })]);
        var expected = Functional.SelectRows(decoder.Hidden(ids, layout), rows);
        GoldenTensors.AssertClose(expected, decoder.Hidden(ids, cached, cache: cache, rows: rows), 1e-6, "with a cache");
        Assert.Equal([3, 4, 1], cached.Segments.Select(segment => cache.Length(segment.Sequence)));
    }

    [Fact]
    public void Hidden_OfNoRowsOrRowsOutOfOrder_Refused()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        foreach (var rows in (int[][])[[], [2, 1], [3], [-1, 0]])
            Assert.Throws<ArgumentException>(() => decoder.Hidden(torch.arange(3), SegmentLayout.Single(3), rows: rows));
    }

    [Fact]
    public void Hidden_SequencesThatContinueOneBeginning_AsWhole()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(3);
        // 10 11 12 | 13 14 and 10 11 12 | 15 16 | 17 and 10 11 12 | 15 16 | 18 19, of member 0
        var ids = torch.arange(10) + 10;
        var shared = new SegmentLayout(
        [
            new Segment(0, 3, 0), new Segment(3, 2, 0, 3, Continues: 0), new Segment(5, 2, 0, 3, Continues: 0), new Segment(7, 1, 0, 5, Continues: 2), new Segment(8, 2, 0, 5, Continues: 2),
        ]);
        IAdapterHooks[] hooks = [NoAdapters.Instance, new VirtualTokens(decoder, [7, 8, 9]), new Learned(torch.randn([2, 2, 4], generator: generator), torch.randn([2, 2, 4], generator: generator))];
        foreach (var hook in hooks)
        {
            Tensor Alone(params long[] own) => decoder.Hidden(torch.tensor(own), SegmentLayout.Single(own.Length, 0), hook);
            Tensor first = Alone(10, 11, 12, 13, 14), second = Alone(10, 11, 12, 15, 16, 17), third = Alone(10, 11, 12, 15, 16, 18, 19);
            GoldenTensors.AssertClose(torch.cat([first, second[3..], third[5..]]), decoder.Hidden(ids, shared, hook), 1e-6, $"{hook.GetType().Name}");
            GoldenTensors.AssertClose(torch.cat([first[4..], second[4..], third[6..]]), decoder.Hidden(ids, shared, hook, rows: [4, 6, 7, 9]), 1e-6, $"{hook.GetType().Name}, wanted rows");
        }
    }

    [Theory]
    [InlineData(1, 3, 0)]    // of another member
    [InlineData(0, 2, 0)]    // at another position
    [InlineData(0, 3, 1)]    // of itself
    public void Layout_SegmentThatCannotContinue_Refused(int member, int position, int continues)
        => Assert.Throws<ArgumentException>(() => new SegmentLayout([new Segment(0, 3, 0), new Segment(3, 2, member, position, Continues: continues)]));

    [Fact]
    public void Hidden_RecordingHooks_EveryPlaceCalledInOrder()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        var hooks = new Recorder();
        var layout = SegmentLayout.Single(3);
        decoder.Logits(decoder.Hidden(torch.arange(3), layout, hooks), layout, hooks);
        string[] Block(int i) =>
        [
            $"norm model.layers.{i}.input_layernorm", $"before {i} q_proj", $"after {i} q_proj", $"before {i} k_proj", $"after {i} k_proj", $"before {i} v_proj", $"after {i} v_proj", $"extra {i}",
            $"before {i} o_proj", $"after {i} o_proj", $"attention {i}",
            $"norm model.layers.{i}.post_attention_layernorm", $"before {i} gate_proj", $"after {i} gate_proj", $"before {i} up_proj", $"after {i} up_proj", $"before {i} down_proj", $"after {i} down_proj", $"mlp {i}",
        ];
        Assert.Equal(["embedded", .. Block(0), .. Block(1), "norm model.norm", "head"], hooks.Calls);
        Assert.Equal(
            ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            decoder.Projections.Where(site => site.Block == 1).Select(site => site.Name));
        Assert.Equal("model.layers.1.mlp.down_proj", decoder.Projections[^1].Path);
    }

    [Fact]
    public void Hidden_FrozenBase_NoGradientsOfWeights()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        var extra = new Learned(torch.zeros(1, 2, 4).requires_grad_(), torch.zeros(1, 2, 4).requires_grad_());
        Autograd.Backward(decoder.Hidden(torch.arange(4), SegmentLayout.Single(4, member: 0), extra).sum());
        Assert.All(decoder.Parameters.Values, parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Hidden_LongRow_PeakMemoryOfOneBlock()
    {
        using var decoder = TestModels.Random(TestModels.Tiny with { Layers = 12, HiddenSize = 64, IntermediateSize = 128, HeadDim = 16, VocabularySize = 100 });
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var ids = torch.ones([512], ScalarType.Int64);
        TensorMemory.ResetPeak();
        var before = TensorMemory.LiveBytes;
        decoder.Hidden(ids, SegmentLayout.Single(512));
        var row = 512L * 64 * sizeof(float);
        Assert.InRange(TensorMemory.PeakBytes - before, 0, 20 * row);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Replace_AfterUse_NextForwardTakesTheNewWeight(ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(5);
        Tensor Random(params long[] shape) => torch.randn(shape, generator: generator).to(dtype);
        using var projection = new DenseProjection(Random(32, 64), Random(32));
        var x = Random(9, 64);
        projection.Forward(x);
        Tensor weight = Random(32, 64), bias = Random(32);
        projection.Replace(weight, bias);
        GoldenTensors.AssertClose(Functional.Linear(x, weight, bias), projection.Forward(x), 1e-2, "y");
        projection.Weight.requires_grad_();
        Autograd.Backward(projection.Forward(x).sum());
        Assert.NotNull(projection.Weight.grad);
        projection.Weight.requires_grad_(false);
        projection.Weight.mul_(2);
        GoldenTensors.AssertClose(Functional.Linear(x, weight * 2, bias), projection.Forward(x), 1e-2, "y after training");
    }

    [Theory]
    [InlineData(0, 3, "holds 0 tokens")]
    [InlineData(2, 0, "holds 2 tokens")]
    public void Hidden_PositionThatDoesNotFitTheCache_Refused(int held, int position, string message)
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var cache = new KvCache(decoder);
        var sequence = cache.Allocate();
        SegmentLayout At(int length, int start) => new([new Segment(0, length, Position: start, Sequence: sequence)]);
        if (held > 0) decoder.Hidden(torch.arange(held), At(held, 0), cache: cache);
        var error = Assert.Throws<ArgumentException>(() => decoder.Hidden(torch.arange(2), At(2, position), cache: cache));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(held, cache.Length(sequence));
    }

    private sealed record Learned(Tensor Keys, Tensor Values) : IAdapterHooks
    {
        public int Asked { get; private set; }

        public SegmentPrefix Prefix(int member) => member == 0 ? new SegmentPrefix(Keys: (int)Keys.size(0)) : default;

        public ExtraKeyValues Extra(int block, int member)
        {
            Asked++;
            return new ExtraKeyValues(TestDevice.Place(Keys), TestDevice.Place(Values));
        }
    }

    private sealed class VirtualTokens(Decoder decoder, long[] tokens) : IAdapterHooks
    {
        public SegmentPrefix Prefix(int member) => member == 0 ? new SegmentPrefix(Rows: tokens.Length) : default;

        public Tensor VirtualRows(int member) => decoder.Embedding.index_select(0, TestDevice.Place(torch.tensor(tokens)));
    }

    private sealed class Recorder : IAdapterHooks
    {
        public List<string> Calls { get; } = [];

        public SegmentPrefix Prefix(int member) => new(Keys: 1);

        public Tensor Embedded(Tensor ids, Tensor hidden, SegmentLayout layout) => Note(hidden, "embedded");

        public Tensor BeforeProjection(ProjectionSite site, Tensor x, SegmentLayout layout) => Note(x, $"before {site.Block} {site.Name}");

        public Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, SegmentLayout layout) => Note(y, $"after {site.Block} {site.Name}");

        public ExtraKeyValues Extra(int block, int member)
        {
            Calls.Add($"extra {block}");
            return new ExtraKeyValues(TestDevice.Place(torch.zeros(1, 2, 4)), TestDevice.Place(torch.zeros(1, 2, 4)));
        }

        public Tensor AfterNorm(NormSite site, Tensor x, Tensor y, SegmentLayout layout) => Note(y, $"norm {site.Path}");

        public Tensor AfterAttention(int block, Tensor y, SegmentLayout layout) => Note(y, $"attention {block}");

        public Tensor AfterMlp(int block, Tensor y, SegmentLayout layout) => Note(y, $"mlp {block}");

        public Tensor Head(Tensor hidden, SegmentLayout layout, Func<Tensor, Tensor> logits) => Note(logits(hidden), "head");

        private Tensor Note(Tensor tensor, string call)
        {
            Calls.Add(call);
            return tensor;
        }
    }
}
