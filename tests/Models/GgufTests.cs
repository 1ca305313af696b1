using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Kernels;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Checkpoints.Gguf;
using AlpacaCot.Models.Conversion;

namespace AlpacaCot.Models.Tests;

/// <summary>llama.cpp's files: block types against the reference, whole models there and back, and files that lie.</summary>
public sealed class GgufTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Quantisations => Golden.Folders("quantisation");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Dequantise_GoldenBlocks_AsTheReference(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(golden.Json.TryGetProperty("types", out var types), "the case has no block types");
        using var expected = new GoldenTensors(golden);
        var (seen, unknown) = (0, new List<string>());
        foreach (var entry in types.EnumerateArray())
        {
            if (GgufType.Find(entry.GetProperty("id").GetUInt32()) is not { } type)
            {
                unknown.Add(entry.GetProperty("type").GetString()!);
                continue;
            }
            Assert.Equal(entry.GetProperty("type").GetString(), type.Name);
            if (type.Scalar is not null) continue;
            var (bytes, want) = (expected[$"{type}.bytes"].ToArray<byte>(), expected[$"{type}.dequantised"].ToArray<float>());
            var have = new float[want.Length];
            var read = GgufBlocks.Reader(type);
            for (var block = 0; block < bytes.Length / type.Bytes; block++) read(bytes.AsSpan(block * type.Bytes, type.Bytes), have.AsSpan(block * type.Elements, type.Elements));
            Assert.True(want.Zip(have, (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance("dequantised_abs", 1e-6), type.Name);
            if (type == GgufType.Q8_0 || type == GgufType.Q4_0) Assert.Equal(bytes, GgufQuantiser.Quantise(type, expected["input"].ToArray<float>()));
            seen++;
        }
        PinnedCases.Blocks.SkipUnless(unknown.Count == 0, folder, $"block types that are not read: {string.Join(", ", unknown)}");
        Assert.True(seen > 0);
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Load_GoldenFile_WeightsAndLogits(string folder)
    {
        var golden = Golden.Open(folder);
        var file = golden.File("model.gguf");
        Assert.SkipUnless(File.Exists(file), "the case has no GGUF file");
        using var expected = new GoldenTensors(golden);
        using var decoder = ModelDirectory.Load(file);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        foreach (var name in expected.Names.Where(name => name.StartsWith("weight.", StringComparison.Ordinal)))
        {
            var (want, have) = (expected[name].ToArray<float>(), decoder.Parameters[name["weight.".Length..]].ToArray<float>());
            Assert.True(want.Zip(have, (a, b) => Math.Abs(a - b)).Max() <= golden.Tolerance("weight_abs", 1e-6), name);
        }
        var ids = expected["input_ids"];
        var layout = SegmentLayout.Single((int)ids.size(0));
        expected.AssertClose("logits", decoder.Logits(decoder.Hidden(ids, layout), layout), golden.Tolerance("logits_rel", 1e-4));
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Quantisations))]
    public void Convert_GoldenFile_TokenizerOfTheModel(string folder)
    {
        var golden = Golden.Open(folder);
        Assert.SkipUnless(File.Exists(golden.File("model.gguf")), "the case has no GGUF file");
        Assert.Empty(ModelConverter.Convert(golden.File("model.gguf"), _folder["hf"]));
        using var decoder = ModelDirectory.Load(_folder["hf"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(ScalarType.Float32, decoder.Dtype);
        var source = Path.Combine(Golden.Root!, golden.Json.GetProperty("model").GetString()!, "tokenizer.json");
        Assert.SkipUnless(File.Exists(source), "the case's model has no tokenizer");
        JsonNode want = JsonNode.Parse(File.ReadAllText(source))!["model"]!, have = JsonNode.Parse(File.ReadAllText(_folder["hf/tokenizer.json"]))!["model"]!;
        Assert.Equal(want["vocab"]!.AsObject().ToDictionary(e => e.Key, e => (int)e.Value!), have["vocab"]!.AsObject().ToDictionary(e => e.Key, e => (int)e.Value!));
        Assert.Equal(want["merges"]!.AsArray().Select(m => m is JsonArray pair ? $"{pair[0]} {pair[1]}" : $"{m}"), have["merges"]!.AsArray().Select(m => $"{m}"));
        Assert.Equal("<s>", (string?)JsonNode.Parse(File.ReadAllText(_folder["hf/tokenizer_config.json"]))!["bos_token"]);

        // And back: the same keys again.
        Assert.Empty(ModelConverter.Convert(_folder["hf"], _folder["again.gguf"], new ConvertOptions(Dtype: "q8_0")));
        GgufHeader first = Header(golden.File("model.gguf")), second = Header(_folder["again.gguf"]);
        foreach (var key in new[] { "tokens", "merges" }) Assert.Equal(first.Texts("tokenizer.ggml." + key), second.Texts("tokenizer.ggml." + key));
        foreach (var key in new[] { "model", "pre" }) Assert.Equal(first.Text("tokenizer.ggml." + key), second.Text("tokenizer.ggml." + key));
        Assert.Equal(first.Reals("tokenizer.ggml.token_type"), second.Reals("tokenizer.ggml.token_type"));
        Assert.Equal(first.Integer("tokenizer.ggml.eos_token_id"), second.Integer("tokenizer.ggml.eos_token_id"));
    }

    [Theory]
    [InlineData("fp32", 0)]
    [InlineData("bf16", 4e-3)]
    [InlineData("fp16", 5e-4)]
    [InlineData("q8_0", 4.1e-3)]    // half of a 127th, of a scale that is rounded itself
    [InlineData("q4_0", 0.126)]     // what stands across from the value that becomes -8 is cut to 7
    [InlineData("q4_k", 0.126)]     // rows of 64 and 96 go as q8_0
    public void Convert_ToGgufAndLoad_WeightsOfTheModel(string type, double tolerance)
    {
        using var decoder = Wide("llama");
        ModelDirectory.Save(decoder, _folder["hf"]);
        var remark = Assert.Single(ModelConverter.Convert(_folder["hf"], _folder["m.gguf"], new ConvertOptions(Dtype: type)));
        Assert.Contains("holds no tokenizer", remark, StringComparison.Ordinal);
        using var again = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(ScalarType.Float32, TestDevice.Chosen));
        foreach (var (name, weight) in decoder.Parameters) GoldenTensors.AssertClose(weight, again.Parameters[name], tolerance, name);
        if (tolerance == 0) TestModels.AssertLogits(decoder, again, 0);
        Assert.Equal(decoder.Config.EosTokenIds[0], again.Config.EosTokenIds[0]);
    }

    [Theory]
    [InlineData("qwen2", "")]
    [InlineData("qwen3", "")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192}, \"rope_theta\": 500000.0")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 16}")]
    [InlineData("llama", "\"attention_bias\": true")]
    public void Convert_FamiliesAndScalings_LogitsOfTheModel(string family, string keys)
    {
        using var decoder = Wide(family, keys);
        ModelDirectory.Save(decoder, _folder["hf"]);
        ModelConverter.Convert(_folder["hf"], _folder["m.gguf"]);
        using var again = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(decoder.ModelType, again.ModelType);
        Assert.Equal(decoder.Config.Rotary.Scaling, again.Config.Rotary.Scaling);
        TestModels.AssertLogits(decoder, again, TestDevice.Chosen is null ? 1e-6 : 2e-6);
    }

    [Fact]
    public void Quantise_Q4_K_NearerThanRoundingBetweenTheEnds()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new Generator(4);
        var values = torch.randn([64 * 256], generator: generator).ToArray<float>();
        var bytes = GgufQuantiser.Quantise(GgufType.Q4_K, values);
        var (read, have) = (GgufBlocks.Reader(GgufType.Q4_K), new float[values.Length]);
        double ours = 0, plain = 0;
        for (var block = 0; block < 64; block++) read(bytes.AsSpan(block * 144, 144), have.AsSpan(block * 256, 256));
        for (var part = 0; part < values.Length / 32; part++)
        {
            var x = values.AsSpan(part * 32, 32);
            float low = x.ToArray().Min(), step = (x.ToArray().Max() - low) / 15;
            for (var i = 0; i < 32; i++)
            {
                ours += Math.Pow(have[part * 32 + i] - x[i], 2);
                plain += Math.Pow(low + step * MathF.Round((x[i] - low) / step) - x[i], 2);
            }
        }
        Assert.True(ours < plain, $"{ours} against {plain}");
        Assert.All(GgufQuantiser.Quantise(GgufType.Q4_K, new float[256]), b => Assert.Equal(0, b));
    }

    [Fact]
    public void Convert_RowsThatAreNoWholeBlocks_StoredInAFinerType()
    {
        using var decoder = TestModels.Random(TestModels.Tiny with { HiddenSize = 64, IntermediateSize = 256, HeadDim = 20 });
        ModelDirectory.Save(decoder, _folder["hf"]);
        ModelConverter.Convert(_folder["hf"], _folder["m.gguf"], new ConvertOptions(Dtype: "q4_k"));
        var types = Header(_folder["m.gguf"]).Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Type.Name);
        Assert.Equal("Q4_K", types["blk.0.ffn_down.weight"]);       // rows of 256
        Assert.Equal("Q8_0", types["blk.0.ffn_up.weight"]);         // of 64
        Assert.Equal("F16", types["blk.0.attn_output.weight"]);     // of 80
        Assert.Equal("F32", types["blk.0.attn_norm.weight"]);
        using var again = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(ScalarType.Float32, again.Dtype);
    }

    [Fact]
    public void Convert_SentencePieceThereAndBack_SamePieces()
    {
        var pieces = Llama2cTokenizer.Read(RealData.File("models/stories260K/tok512.bin"));
        ModelConverter.Convert(RealData.File("models/stories260K/stories260K.bin"), _folder["hf"], new ConvertOptions(RealData.File("models/stories260K/tok512.bin")));
        Assert.Empty(ModelConverter.Convert(_folder["hf"], _folder["m.gguf"]));
        Assert.Empty(ModelConverter.Convert(_folder["m.gguf"], _folder["again"]));
        Assert.Equal(pieces, SentencePieceModel.Read(_folder["again/tokenizer.model"]));
        Assert.Equal(File.ReadAllBytes(_folder["hf/tokenizer.model"]), File.ReadAllBytes(_folder["again/tokenizer.model"]));
    }

    [Theory]
    [InlineData("general.architecture is 'falcon'; read are llama, qwen2, qwen3, baichuan, internlm2, chatglm, phi3, gemma2, gpt2, gptneox, bloom, phi2", "falcon")]
    [InlineData("general.architecture is missing", null)]
    public void Load_AnotherArchitecture_NamesThoseThatAreRead(string message, string? architecture)
    {
        File.WriteAllBytes(_folder["m.gguf"], Made(architecture is null ? [] : [("general.architecture", architecture)], []));
        Assert.Contains(message, Assert.Throws<ModelException>(() => ModelDirectory.Load(_folder["m.gguf"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("codegen", "codegen is not written as GGUF")]
    [InlineData("qwen2", "sliding window")]
    public void Convert_WhatTheFormatHasNoPlaceFor_Refused(string family, string message)
    {
        using var decoder = FamilyModels.Create(family);
        ModelDirectory.Save(decoder, _folder["hf"]);
        Assert.Contains(message, Assert.Throws<ModelException>(() => ModelConverter.Convert(_folder["hf"], _folder["m.gguf"])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["m.gguf"]));
    }

    [Theory]
    [InlineData("q3", "known are fp32, fp16, bf16, q8_0, q4_0, q4_k")]
    public void Convert_UnknownType_NamesThoseThatAreKnown(string type, string message)
    {
        using var decoder = TestModels.Random();
        ModelDirectory.Save(decoder, _folder["hf"]);
        Assert.Contains(message, Assert.Throws<ModelException>(() => ModelConverter.Convert(_folder["hf"], _folder["m.gguf"], new ConvertOptions(Dtype: type))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 4, 0, "ends before the tensor")]
    [InlineData(1L << 31, 1, 0, "a size of")]
    [InlineData(int.MaxValue, int.MaxValue, 0, "ends before the tensor")]     // a product that runs over
    [InlineData(2, 2, -32, "ends before the tensor")]                          // an offset that a sum would carry past the end and round to its beginning
    [InlineData(2, 2, long.MinValue, "ends before the tensor")]
    [InlineData(2, 2, 8, "no multiple of 32")]
    [InlineData(0, 2, 0, "a size of 0")]
    public void Read_TensorThatIsNotThere_Refused(long columns, long rows, long offset, string message)
    {
        File.WriteAllBytes(_folder["m.gguf"], [.. Made([], [("x", [columns, rows], 0u, (ulong)offset)]), .. new byte[16]]);
        Assert.Contains(message, Assert.Throws<ModelException>(() => Header(_folder["m.gguf"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CountsBeyondTheFile_RefusedBeforeRoomIsMade()
    {
        foreach (var at in new[] { 8, 16 })
        {
            var bytes = Made([("general.architecture", "llama")], []);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), ulong.MaxValue / 2);
            File.WriteAllBytes(_folder["m.gguf"], bytes);
            Assert.Contains("more than it has room for", Assert.Throws<ModelException>(() => Header(_folder["m.gguf"])).Message, StringComparison.Ordinal);
        }
        File.WriteAllBytes(_folder["m.gguf"], Made([("a", "b"), ("a", "c")], []));
        Assert.Contains("the key 'a' twice", Assert.Throws<ModelException>(() => Header(_folder["m.gguf"])).Message, StringComparison.Ordinal);
        File.WriteAllBytes(_folder["m.gguf"], [.. Made([], [("x", [2], 0, 0), ("x", [2], 0, 0)]), .. new byte[8]]);
        Assert.Contains("the tensor 'x' twice", Assert.Throws<ModelException>(() => Header(_folder["m.gguf"])).Message, StringComparison.Ordinal);
        File.WriteAllBytes(_folder["m.gguf"], [.. Made([], [("x", [33], 8, 0)]), .. new byte[68]]);
        Assert.Contains("no whole number of blocks", Assert.Throws<ModelException>(() => Header(_folder["m.gguf"])).Message, StringComparison.Ordinal);
    }

    [PropertyTest(300)]
    public void Load_DamagedBytes_ReadOrRefused(Damage damage)
    {
        using (var decoder = TestModels.Random(TestModels.Tiny with { HiddenSize = 32, IntermediateSize = 32, HeadDim = 8 }))
        {
            ModelDirectory.Save(decoder, _folder["hf"]);
            if (!File.Exists(_folder["whole.gguf"])) ModelConverter.Convert(_folder["hf"], _folder["whole.gguf"], new ConvertOptions(Dtype: "q4_0"));
        }
        File.WriteAllBytes(_folder["m.gguf"], damage.Apply(File.ReadAllBytes(_folder["whole.gguf"])));
        try
        {
            using var loaded = ModelDirectory.Load(_folder["m.gguf"], new LoadOptions(Device: TestDevice.Chosen));
        }
        catch (ModelException e)
        {
            Assert.Contains(_folder["m.gguf"], e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    private static Decoder Wide(string family, string keys = "")
        => TestModels.Random(DecoderConfig.Read($$"""{"model_type": "{{family}}", "vocab_size": 60, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "eos_token_id": 7, "bos_token_id": 1, "initializer_range": 0.2{{(keys.Length > 0 ? ", " + keys : "")}}}"""));

    private static GgufHeader Header(string path)
    {
        using var file = new MappedFile(path);
        return GgufHeader.Read(file);
    }

    // A header with text keys and tensors, padded to where the data begins.
    private static byte[] Made((string Key, string Value)[] keys, (string Name, long[] Dimensions, uint Type, ulong Offset)[] tensors)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        void Text(string text)
        {
            writer.Write((ulong)Encoding.UTF8.GetByteCount(text));
            writer.Write(Encoding.UTF8.GetBytes(text));
        }
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Length);
        writer.Write((ulong)keys.Length);
        foreach (var (key, value) in keys)
        {
            Text(key);
            writer.Write(8u);
            Text(value);
        }
        foreach (var (name, dimensions, type, offset) in tensors)
        {
            Text(name);
            writer.Write((uint)dimensions.Length);
            foreach (var size in dimensions) writer.Write((ulong)size);
            writer.Write(type);
            writer.Write(offset);
        }
        while (bytes.Length % 32 != 0) writer.Write((byte)0);
        return bytes.ToArray();
    }
}
