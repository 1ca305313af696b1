using System.Text.Json;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Tests;

[Trait("Category", "Golden")]
public sealed class DecoderGoldenTests
{
    public static IEnumerable<object[]> Models => Golden.Folders("model");

    public static IEnumerable<object[]> EvaluationModels => Golden.Folders("evaluation_model");

    [Theory]
    [MemberData(nameof(Models))]
    public void Hidden_GoldenSequences_LogitsHiddenStatesAndLoss(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        using var expected = new GoldenTensors(golden);
        var tolerance = golden.Tolerance("logits_rel", 1e-4);
        foreach (var sequence in Sequences(expected))
        {
            using var scope = torch.NewDisposeScope();
            using var still = torch.no_grad();
            var ids = expected[$"{sequence}.input_ids"];
            var layout = SegmentLayout.Single((int)ids.size(0));
            var states = new Dictionary<int, Tensor>();
            var hidden = decoder.Hidden(ids, layout, null, null, null, (i, state) => states[i] = state.clone().MoveToOuterDisposeScope());
            var logits = decoder.Logits(hidden, layout);

            for (var i = 0; expected.Has($"{sequence}.hidden.{i}"); i++) expected.AssertClose($"{sequence}.hidden.{i}", states[i], golden.Tolerance("hidden_rel", tolerance));
            expected.AssertClose($"{sequence}.logits", logits, tolerance);
            Assert.Equal(expected[$"{sequence}.loss"].item<float>(), Loss(logits, expected[$"{sequence}.labels"]).item<float>(), golden.Tolerance("loss_abs", 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Backward_GoldenSequenceA_Gradients(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        using var expected = new GoldenTensors(golden);
        var names = expected.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).ToList();
        Assert.SkipWhen(names.Count == 0, $"{folder} has no gradients");

        using var scope = torch.NewDisposeScope();
        foreach (var parameter in decoder.Parameters.Values) parameter.requires_grad_();
        var layout = SegmentLayout.Single((int)expected["a.input_ids"].size(0));
        Autograd.Backward(Loss(decoder.Logits(decoder.Hidden(expected["a.input_ids"], layout), layout), expected["a.labels"]));

        foreach (var name in names) expected.AssertClose(name, Gradient(decoder, name["grad.".Length..]), golden.Tolerance("grad_rel", 1e-3));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Hidden_GreedyWithCacheAndWithout_GoldenIds(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        var greedy = golden.Json.GetProperty("greedy");
        long[] prompt = Longs(greedy.GetProperty("prompt_ids")), ids = Longs(greedy.GetProperty("ids"));
        Assert.Equal(ids, Greedy.Whole(decoder, prompt, ids.Length));
        Assert.Equal(ids, Greedy.Cached(decoder, prompt, ids.Length));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Hidden_PrefillThenSingleTokens_GoldenCachedLogits(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        Assert.SkipUnless(golden.Json.TryGetProperty("cached_prefill", out var prefill), $"{folder} has no cached run");
        using var expected = new GoldenTensors(golden);
        using var cache = new KvCache(decoder);
        using var scope = torch.NewDisposeScope();
        var sequence = cache.Allocate();
        var ids = expected["cached.input_ids"];
        var rows = new List<Tensor>();
        for (var at = 0; at < ids.size(0);)
        {
            var length = at == 0 ? prefill.GetInt32() : 1;
            var layout = new SegmentLayout([new Segment(0, length, Position: at, Sequence: sequence)]);
            rows.Add(decoder.Logits(decoder.Hidden(ids.narrow(0, at, length), layout, cache: cache), SegmentLayout.Single(length)));
            at += length;
        }
        expected.AssertClose("cached.logits", torch.cat(rows), golden.Tolerance("logits_rel", 1e-4));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Hidden_SequencesPackedInOneRow_AsAlone(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        using var expected = new GoldenTensors(golden);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var names = Sequences(expected).ToList();
        var layout = SegmentLayout.Of(names.Select(n => (int)expected[$"{n}.input_ids"].size(0)));
        var logits = decoder.Logits(decoder.Hidden(torch.cat([.. names.Select(n => expected[$"{n}.input_ids"])]), layout), layout);
        foreach (var (name, segment) in names.Zip(layout.Segments))
            expected.AssertClose($"{name}.logits", logits.narrow(0, segment.Start, segment.Length), golden.Tolerance("logits_rel", 1e-4));
    }

    [Theory]
    [MemberData(nameof(EvaluationModels))]
    public void Load_EvaluationModel_FiniteLogits(string folder)
    {
        var (golden, decoder) = Open(folder);
        using var _ = decoder;
        Assert.Equal(golden.Json.GetProperty("parameters").GetInt64(), decoder.Parameters.Values.Sum(p => p.numel()));
        using var scope = torch.NewDisposeScope();
        var layout = SegmentLayout.Single(5);
        var logits = decoder.Logits(decoder.Hidden(torch.arange(5), layout), layout);
        Assert.Equal([5, decoder.Config.VocabularySize], logits.shape);
        Assert.All(logits.ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    private static (GoldenCase, Decoder) Open(string folder)
    {
        var golden = Golden.Open(folder);
        var config = golden.File("config.json");
        if (File.Exists(config))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(config));
            var type = json.RootElement.GetProperty("model_type").GetString()!;
            PinnedCases.Models.SkipUnless(ModelDirectory.ModelTypes.Contains(type), folder, $"model_type {type} is not supported yet");
        }
        return (golden, ModelDirectory.Load(golden.Path, new LoadOptions(ScalarType.Float32)));
    }

    private static IEnumerable<string> Sequences(GoldenTensors tensors)
        => tensors.Names.Where(n => n.EndsWith(".logits", StringComparison.Ordinal) && tensors.Has(n[..^"logits".Length] + "loss")).Select(n => n[..^".logits".Length]);

    private static Tensor Loss(Tensor logits, Tensor labels)
        => torch.nn.functional.cross_entropy(logits.narrow(0, 0, logits.size(0) - 1), labels.narrow(0, 1, labels.size(0) - 1));

    // Gradients of Meta's files are in their own names and row order; the decoder holds Hugging Face's.
    private static Tensor Gradient(Decoder decoder, string name)
    {
        if (decoder.Parameters.TryGetValue(name, out var parameter)) return parameter.grad!;
        var mapped = MetaFiles.HuggingFaceName(name)!;
        var gradient = decoder.Parameters[mapped].grad!;
        var heads = mapped.EndsWith("q_proj.weight", StringComparison.Ordinal) ? decoder.Config.Heads
            : mapped.EndsWith("k_proj.weight", StringComparison.Ordinal) ? decoder.Config.KeyValueHeads : 0;
        return heads == 0 ? gradient : gradient.view(heads, 2, gradient.size(0) / heads / 2, -1).transpose(1, 2).reshape(gradient.shape);
    }

    private static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt64())];
}
