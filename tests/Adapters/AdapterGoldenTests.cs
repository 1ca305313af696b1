using System.Text.Json.Nodes;
using AlpacaCot.Adapters.PromptTuning;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Adapters.Tests;

[Trait("Category", "Golden")]
public sealed class AdapterGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("adapter");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_LoadedAdapter_LogitsLossAndGradients(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        using var scope = torch.NewDisposeScope();
        var (ids, labels) = (c.Expected["a.input_ids"], c.Expected["a.labels"]);

        // Where the reference puts virtual rows in front it has logits for them too.
        var expected = c.Expected["a.logits"];
        expected = expected.narrow(0, expected.size(0) - ids.size(0), ids.size(0));
        var tolerance = c.Golden.Tolerance("logits_rel", 1e-4);
        GoldenTensors.AssertClose(expected, c.Logits(ids), tolerance, "a.logits of the loaded adapter");
        var logits = c.Logits(ids, c.Trained);
        GoldenTensors.AssertClose(expected, logits, tolerance, "a.logits");

        var loss = torch.nn.functional.cross_entropy(logits.narrow(0, 0, logits.size(0) - 1), labels.narrow(0, 1, labels.size(0) - 1));
        if (c.Trained.Penalty() is { } penalty) loss += penalty;
        Assert.Equal(c.Expected["a.loss"].item<float>(), loss.item<float>(), c.Golden.Tolerance("loss_abs", 1e-5));

        Autograd.Backward(loss);
        foreach (var parameter in c.Trained.Parameters)
            c.Expected.AssertClose($"grad.{parameter.Key}", parameter.Value.grad!, c.Golden.Tolerance("grad_rel", 1e-3));
        Assert.All(c.Decoder.Parameters.Values, weight => Assert.Null(weight.grad));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_BaseInBytesAndNothingTrained_LogitsOfLlmInt8(string folder)
    {
        using var c = GoldenAdapter.Open(folder, storage => storage == WeightStorage.Int8 ? WeightStorage.LlmInt8 : storage);
        Assert.SkipUnless(c.Expected.Has("a.logits_inference"), "the case has no logits of inference");
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var (ids, layout) = (c.Expected["a.input_ids"], SegmentLayout.Single((int)c.Expected["a.input_ids"].size(0)));
        var tolerance = c.Golden.Tolerance("logits_inference_rel", 2e-2);
        c.Expected.AssertClose("a.logits_inference", c.Logits(ids), tolerance);
        if (c.Expected.Has("base.logits_inference")) c.Expected.AssertClose("base.logits_inference", c.Decoder.Logits(c.Decoder.Hidden(ids, layout), layout), tolerance);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_QuantisedBaseAlone_GoldenLogits(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.SkipUnless(c.Expected.Has("base.logits"), "the case has no logits of its base");
        using var scope = torch.NewDisposeScope();
        var (ids, layout) = (c.Expected["a.input_ids"], SegmentLayout.Single((int)c.Expected["a.input_ids"].size(0)));
        c.Expected.AssertClose("base.logits", c.Decoder.Logits(c.Decoder.Hidden(ids, layout), layout), c.Golden.Tolerance("logits_rel", 1e-4));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parameters_LoadedAdapter_KeysShapesAndCount(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.Equal(c.Golden.Json.GetProperty("trainable_parameters").GetInt64(), c.Trained.TrainableParameters);
        Assert.SkipUnless(c.Golden.Json.TryGetProperty("parameters", out var parameters), "the case lists no parameters");
        var expected = parameters.EnumerateObject()
            .Select(p => $"{p.Name} {p.Value.GetRawText().ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal)}").Order(StringComparer.Ordinal);
        Assert.Equal(expected, c.Trained.Parameters.Select(p => $"{p.Key} [{string.Join(",", p.Value.shape)}]").Order(StringComparer.Ordinal));
        Assert.Equal(c.Expected.Names.Where(n => n.StartsWith("init.", StringComparison.Ordinal) && n != "init.prompt_embeddings").Order(StringComparer.Ordinal),
            c.Trained.Parameters.Select(p => "init." + p.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Save_LoadedAdapter_SameDirectoryKeyForKey(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        using var saved = new TemporaryFolder();
        AdapterDirectory.Save(c.Adapter, saved.Path);

        var want = (JsonObject)JsonNode.Parse(File.ReadAllText(c.Golden.File("adapter_config.json")))!;
        var have = (JsonObject)JsonNode.Parse(File.ReadAllText(saved["adapter_config.json"]))!;
        Assert.Equal(want.Select(p => p.Key).Order(StringComparer.Ordinal), have.Select(p => p.Key));
        foreach (var (key, value) in want) Assert.True(Same(value, have[key]), $"{key}: {value?.ToJsonString()} became {have[key]?.ToJsonString()}");

        var weights = AdapterDirectory.WeightsFileOf(c.Adapter.Config);
        using TensorFile before = Weights(c.Golden.File(weights)), after = Weights(saved[weights]);
        Assert.True(weights.EndsWith(".bin", StringComparison.Ordinal) || after.Metadata!["format"] == "pt");
        Assert.Equal(before.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), after.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in before.Tensors)
        {
            Assert.Equal(tensor.Shape, after[tensor.Name].Shape);
            Assert.Equal(tensor.Bytes(), after[tensor.Name].Bytes());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Merge_LoadedAdapter_GoldenWeightsAndSameLogits(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        var names = c.Expected.Names.Where(n => n.StartsWith("merged.", StringComparison.Ordinal)).ToList();
        Assert.SkipWhen(names.Count == 0, "the case has no merged weights");
        int[] row = [.. c.Expected["a.input_ids"].ToArray<long>().Select(id => (int)id)];
        if (c.Decoder.Storage != WeightStorage.Plain)
        {
            // The merged weights are quantised again, so that the logits are theirs and not the unmerged ones.
            Merger.Merge(c.Decoder, c.Adapter, [row], double.MaxValue);
            var layout = SegmentLayout.Single(row.Length);
            using var scope = torch.NewDisposeScope();
            using var still = torch.no_grad();
            c.Expected.AssertClose("merged.logits", c.Decoder.Logits(c.Decoder.Hidden(c.Expected["a.input_ids"], layout), layout), c.Golden.Tolerance("logits_rel", 1e-4));
            return;
        }

        var report = Merger.Merge(c.Decoder, c.Adapter, [row], 1e-4);

        // Norms and tables that a member has of its own count too.
        Assert.True(report.Modules >= c.Adapter.Targets.Count, $"{report.Modules} of {c.Adapter.Targets.Count} modules were merged");
        foreach (var name in names)
        {
            var (want, have) = (c.Expected[name].ToArray<float>(), Merged(c.Decoder, name["merged.".Length..]).ToArray<float>());
            var worst = want.Zip(have, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(worst <= c.Golden.Tolerance("merged_abs", 1e-5), $"{name} differs by {worst:E2}");
        }
    }

    // The base's file may leave the prefix of its names out.
    private static Tensor Merged(Decoder decoder, string name)
    {
        var site = decoder.Projections.Single(site => name.StartsWith(site.Path + ".", StringComparison.Ordinal));
        return name.EndsWith(".bias", StringComparison.Ordinal) ? site.Weights.Bias! : site.Weights.StoredTurned ? site.Weights.Dequantise().t() : site.Weights.Dequantise();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_RowsThatTheReferencePads_LogitsOfItsPaddedBatch(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.SkipUnless(c.Expected.Has("right.attention_mask"), "the case has no padded batch");
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var (mask, ids, expected) = (c.Expected["right.attention_mask"], c.Expected["right.input_ids"], c.Expected["right.logits"]);
        int[] lengths = [.. Enumerable.Range(0, (int)mask.size(0)).Select(row => (int)mask[row].sum().item<long>())];
        var layout = SegmentLayout.Of(lengths, c.Member);
        var packed = torch.cat([.. lengths.Select((length, row) => ids[row].narrow(0, 0, length))]);
        var logits = c.Decoder.Logits(c.Decoder.Hidden(packed, layout, c.Bank), layout, c.Bank);
        var shift = expected.size(1) - ids.size(1);   // virtual rows
        for (var row = 0; row < lengths.Length; row++)
            GoldenTensors.AssertClose(expected[row].narrow(0, shift, lengths[row]), logits.narrow(0, layout.Segments[row].Start, lengths[row]), c.Golden.Tolerance("logits_rel", 1e-4), $"row {row}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Stored_EncoderOfTheCase_ItsVirtualTokens(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.SkipUnless(c.Expected.Has("init.prompt_embeddings"), "the method has no virtual tokens");
        using var scope = torch.NewDisposeScope();
        c.Expected.AssertClose("init.prompt_embeddings", Assert.Single(c.Trained.Stored).Value, 1e-5);
        if (!c.Expected.Has("text_init.prompt_embeddings")) return;
        int[] text = [.. c.Golden.Json.GetProperty("text_init").GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        using var generator = new Generator(3);
        var config = (PromptTuningConfig)c.Adapter.Config with { Init = PromptInit.Text, InitText = "any" };
        using var begun = AdapterFactory.Create(c.Decoder, config, generator, _ => text);
        c.Expected.AssertClose("text_init.prompt_embeddings", Assert.Single(begun.Stored).Value, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_AdapterThatTrainingPruned_GoldenLogitsAndMergedWeights(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.SkipUnless(c.Expected.Has("trained.logits"), "the case holds no trained adapter");
        using var trained = AdapterDirectory.Load(c.Decoder, c.Golden.File("trained"));
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        c.Expected.AssertClose("trained.logits", c.Logits(c.Expected["a.input_ids"], trained), c.Golden.Tolerance("logits_rel", 1e-4));
        foreach (var name in c.Expected.Names.Where(name => name.StartsWith("trained.merged.", StringComparison.Ordinal)))
        {
            var path = name["trained.merged.".Length..^".weight".Length];
            c.Expected.AssertClose(name, trained.Merge(trained.Targets.Single(site => site.Path == path)).Weight, 1e-5);
        }
        using var saved = new TemporaryFolder();
        AdapterDirectory.Save(trained, saved.Path);
        using TensorFile before = SafeTensors.Open(c.Golden.File("trained/adapter_model.safetensors")), after = SafeTensors.Open(saved["adapter_model.safetensors"]);
        Assert.Equal(before.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), after.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in before.Tensors) Assert.True(tensor.Bytes().AsSpan().SequenceEqual(after[tensor.Name].Bytes()), $"{tensor.Name} [{string.Join(", ", tensor.Shape)}]");
        JsonNode Pattern(string file) => JsonNode.Parse(File.ReadAllText(file))!["rank_pattern"]!;
        Assert.True(JsonNode.DeepEquals(Pattern(c.Golden.File("trained/adapter_config.json")), Pattern(saved["adapter_config.json"])));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Greedy_LoadedAdapter_GoldenIdsWithCacheAndWithout(string folder)
    {
        using var c = GoldenAdapter.Open(folder);
        Assert.SkipUnless(c.Golden.Json.TryGetProperty("greedy", out var greedy), "the case has no greedy run");
        long[] prompt = [.. greedy.GetProperty("prompt_ids").EnumerateArray().Select(x => x.GetInt64())];
        long[] ids = [.. greedy.GetProperty("ids").EnumerateArray().Select(x => x.GetInt64())];
        using var frozen = torch.no_grad();
        using var cache = new KvCache(c.Decoder);
        var sequence = cache.Allocate(prompt.Length + ids.Length);
        var (whole, cached, next) = (prompt.ToList(), new List<long>(), prompt);
        while (cached.Count < ids.Length)
        {
            using var scope = torch.NewDisposeScope();
            var logits = c.Logits(torch.tensor(whole.ToArray()));
            whole.Add(logits.select(0, whole.Count - 1).argmax().item<long>());

            var layout = new SegmentLayout([new Segment(0, next.Length, c.Member, cache.Length(sequence), sequence)]);
            var last = c.Decoder.Hidden(torch.tensor(next), layout, c.Bank, cache).narrow(0, next.Length - 1, 1);
            cached.Add(c.Decoder.Logits(last, SegmentLayout.Single(1, c.Member), c.Bank).argmax().item<long>());
            next = [cached[^1]];
        }
        Assert.Equal(ids, whole.Skip(prompt.Length));
        Assert.Equal(ids, cached);
    }

    private static TensorFile Weights(string file) => file.EndsWith(".bin", StringComparison.Ordinal) ? TorchFile.Open(file) : SafeTensors.Open(file);

    // PEFT writes sets as lists in any order.
    private static bool Same(JsonNode? a, JsonNode? b)
    {
        if (a is JsonArray x && b is JsonArray y)
            return x.Select(n => n!.ToJsonString()).Order(StringComparer.Ordinal).SequenceEqual(y.Select(n => n!.ToJsonString()).Order(StringComparer.Ordinal));
        return JsonNode.DeepEquals(a, b);
    }
}
