using System.Text.Json;
using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Models.Tests;

/// <summary>Decode steps in place on rows against the forward pass that defines them.</summary>
public sealed class DecodeStepTests
{
    public static IEnumerable<object[]> Models => Golden.Folders("model");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Models))]
    public void Hidden_DecodeStepsOfGoldenModels_AsTheForwardPass(string folder)
    {
        var golden = Golden.Open(folder);
        var config = golden.File("config.json");
        if (File.Exists(config))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(config));
            var type = json.RootElement.GetProperty("model_type").GetString()!;
            Assert.SkipUnless(ModelDirectory.ModelTypes.Contains(type), $"model_type {type} is not supported yet");
        }
        using var decoder = ModelDirectory.Load(golden.Path, new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
        AssertSame(decoder, null, 1e-5);
    }

    public static TheoryData<string, ScalarType> Shapes => new()
    {
        { "plain", ScalarType.Float32 }, { "plain", ScalarType.BFloat16 }, { "biases", ScalarType.Float32 }, { "biases", ScalarType.BFloat16 },
        { "dynamic rotary", ScalarType.Float32 }, { "wide", ScalarType.BFloat16 }, { "wide", ScalarType.Float32 },
    };

    private static Decoder Create(string shape, ScalarType dtype)
    {
        using var generator = new Generator(11);
        var config = shape switch
        {
            "biases" => TestModels.Tiny with { AttentionBias = true, MlpBias = true },
            "dynamic rotary" => TestModels.Tiny with { Rotary = new RotarySettings { Scaling = RotaryScaling.Dynamic, Factor = 2, OriginalMaxPositions = 8 } },
            "wide" => TestModels.Tiny with { HiddenSize = 96, IntermediateSize = 160, HeadDim = 32 },
            _ => TestModels.Tiny,
        };
        var decoder = Decoder.CreateRandom(config, generator, dtype, TestDevice.Chosen);
        using var _ = torch.no_grad();
        foreach (var (name, parameter) in decoder.Parameters)
            if (parameter.dim() == 1) parameter.add_((torch.randn(parameter.shape, generator: generator) * 0.1).to(parameter.device));   // norms and biases away from their start
        return decoder;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Hidden_DecodeSteps_AsTheForwardPass(string shape, ScalarType dtype)
    {
        using var decoder = Create(shape, dtype);
        AssertSame(decoder, null, dtype == ScalarType.Float32 ? 1e-5 : 3e-2);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Hidden_DecodeStepsWithHooksAtEveryPlace_AsTheForwardPass(string shape, ScalarType dtype)
    {
        using var decoder = Create(shape, dtype);
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(12);
        var before = Threads.Count;
        foreach (var threads in (int[])[1, 2])
        {
            Threads.Count = threads;
            foreach (var place in Enum.GetValues<Place>())
                AssertSame(decoder, new Changes(place, torch.randn([3, decoder.Config.KeyValueHeads, decoder.Config.HeadDim], generator: generator)), dtype == ScalarType.Float32 ? 1e-5 : 3e-2);
        }
        Threads.Count = before;
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1)]
    [InlineData(ScalarType.Float32, 2)]
    [InlineData(ScalarType.BFloat16, 2)]
    public void Hidden_SequencesDecodedTogether_SameBitsAsAlone(ScalarType dtype, int threads)
    {
        Assert.SkipWhen(TestDevice.Chosen is not null, "on a GPU another number of rows is another kernel of the library's");
        using var decoder = Create("wide", dtype);
        using var scope = torch.NewDisposeScope();
        var before = Threads.Count;
        Threads.Count = threads;
        long[][] prompts = [[5, 9, 11], [7, 8], [8, 3, 4, 6, 10, 12, 9], [13, 14], [2, 3, 4, 5], [30, 31]];
        using var cache = new KvCache(decoder);
        Tensor[] Run(long[][] prompts)
        {
            var sequences = Array.ConvertAll(prompts, _ => cache.Allocate());
            // Prompts one by one: their products are libtorch's, which may differ with the number of rows.
            for (var i = 0; i < prompts.Length; i++) decoder.Hidden(torch.tensor(prompts[i]), new SegmentLayout([new Segment(0, prompts[i].Length, Sequence: sequences[i])]), cache: cache);
            return [.. Enumerable.Range(0, 5).Select(step => decoder.Hidden(torch.tensor(Array.ConvertAll(prompts, p => p[0] + step)), Next(cache, sequences), cache: cache))];
        }
        var together = Run(prompts);
        for (var i = 0; i < prompts.Length; i++)
        {
            var alone = Run([prompts[i]]);
            for (var step = 0; step < alone.Length; step++) Assert.Equal(alone[step].ToArray<float>(), together[step].narrow(0, i, 1).ToArray<float>());
        }
        Threads.Count = before;
    }

    [Fact]
    public void Hidden_DecodeStep_ResultOutlivesTheNextStep()
    {
        using var decoder = TestModels.Random();
        using var scope = torch.NewDisposeScope();
        using var cache = new KvCache(decoder);
        int[] sequences = [cache.Allocate(), cache.Allocate()];
        var first = decoder.Hidden(torch.tensor([5L, 6]), Next(cache, sequences), cache: cache);
        var values = first.ToArray<float>();
        decoder.Hidden(torch.tensor([7L, 8]), Next(cache, sequences), cache: cache);
        Assert.Equal(values, first.ToArray<float>());
    }

    [Theory]
    [InlineData(8, ScalarType.BFloat16)]
    [InlineData(32, ScalarType.BFloat16)]
    [InlineData(32, ScalarType.Float32)]
    [InlineData(33, ScalarType.Float32)]
    public void Hidden_ManySequences_AsTheForwardPass(int count, ScalarType dtype)
    {
        using var decoder = Create("wide", dtype);
        AssertSame(decoder, null, dtype == ScalarType.Float32 ? 1e-5 : 3e-2, count);
    }

    private static SegmentLayout Next(KvCache cache, int[] sequences) => new([.. sequences.Select((s, i) => new Segment(i, 1, i % 3 - 1, cache.Length(s), s))]);

    // The same sequences in two caches, one taken on by decode steps, the other by the forward pass, which an observer asks for.
    private static void AssertSame(Decoder decoder, IAdapterHooks? hooks, double tolerance, int count = 4)
    {
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        using KvCache fast = new(decoder), plain = new(decoder);
        int Start(KvCache cache, int i)
        {
            var sequence = cache.Allocate();
            var prompt = torch.arange(3 + i % 5) + 1 + i;
            if (decoder.Config.Glm is { } glm) prompt = torch.cat([prompt, torch.tensor([(long)glm.GenerationMaskToken, decoder.Config.BosTokenId!.Value])]);
            decoder.Hidden(prompt, new SegmentLayout([new Segment(0, (int)prompt.size(0), i % 3 - 1, 0, sequence)]), hooks, cache);
            return sequence;
        }
        int[] mine = [.. Enumerable.Range(0, count).Select(i => Start(fast, i))], theirs = [.. Enumerable.Range(0, count).Select(i => Start(plain, i))];
        for (var step = 0; step < 6; step++)
        {
            var ids = (torch.arange(count) * 3 + step) % decoder.Config.VocabularySize;
            var actual = decoder.Hidden(ids, Next(fast, mine), hooks, fast);
            var seen = 0;
            var expected = decoder.Hidden(ids, Next(plain, theirs), hooks, plain, null, (_, _) => seen++);
            Assert.Equal(decoder.Config.Layers + 1, seen);
            GoldenTensors.AssertClose(expected, actual, tolerance, $"step {step}");
            Assert.Equal(expected.dtype, actual.dtype);
        }
    }

    internal enum Place { Nowhere, Embedded, BeforeOne, BeforeAll, AfterOne, AfterAll, Extra, AfterNorm, AfterAttention, AfterMlp }

    /// <summary>Changes the rows of members 0 and 1 at one place, each in its own way; those of the bare base pass.</summary>
    private sealed class Changes(Place place, Tensor learned) : IAdapterHooks
    {
        private static Tensor Changed(Tensor x, SegmentLayout layout)
        {
            var y = x.clone();
            foreach (var run in layout.Runs)
                if (run.Member >= 0) y.narrow(0, run.Start, run.Length).mul_(run.Member == 0 ? 0.5 : 1.5);
            return y;
        }

        public SegmentPrefix Prefix(int member) => place == Place.Extra && member == 1 ? new SegmentPrefix(Keys: (int)learned.size(0)) : default;

        public Tensor Embedded(Tensor ids, Tensor hidden, SegmentLayout layout) => place == Place.Embedded ? Changed(hidden, layout) : hidden;

        public Tensor BeforeProjection(ProjectionSite site, Tensor x, SegmentLayout layout)
            => place == Place.BeforeAll || (place == Place.BeforeOne && site.Name is "k_proj" or "down_proj") ? Changed(x, layout) : x;

        public Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, SegmentLayout layout)
            => place == Place.AfterAll || (place == Place.AfterOne && site.Name is "v_proj") ? Changed(y, layout) + x.narrow(1, 0, 1) : y;

        public ExtraKeyValues Extra(int block, int member) => new(TestDevice.Place(learned * (block + 1)), TestDevice.Place(learned));

        // On several threads the step then keeps them together, its hooks' operators among them.
        public bool ActsInPlace(SegmentLayout layout) => true;

        public Tensor AfterNorm(NormSite site, Tensor x, Tensor y, SegmentLayout layout) => place == Place.AfterNorm ? Changed(y, layout) + x.narrow(-1, 0, 1) : y;

        public Tensor AfterAttention(int block, Tensor y, SegmentLayout layout) => place == Place.AfterAttention ? Changed(y, layout) : y;

        public Tensor AfterMlp(int block, Tensor y, SegmentLayout layout) => place == Place.AfterMlp ? Changed(y, layout) : y;
    }
}
