using System.Diagnostics;
using System.Text;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Tests;

/// <summary>Small files that ask for much: what they state is compared with what is there, and refused before memory or time is spent on it.</summary>
public sealed class HostileCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Torch_ShapeThatIsALongListManyTimes_Refused()
    {
        // One list, referred to by each tensor: copied each time it would be gigabytes.
        var list = "]q\u0000(" + string.Concat(Enumerable.Repeat("K\u0001", 50_000)) + "e0";
        var tensor = "ctorch._utils\n_rebuild_tensor_v2\n((" + WeightFiles.Text("storage") + "ctorch\nFloatStorage\n" + WeightFiles.Text("0") + WeightFiles.Text("cpu") + "K\u0006tQK\0h\0h\0tR";
        Assert.Contains("a tensor has 50000 dimensions, more than 64", Refused(Zip(list, string.Concat(Enumerable.Repeat(tensor, 2000)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Torch_ListThatIsCopiedAgainAndAgain_Refused()
    {
        var list = "]q\u0000(" + string.Concat(Enumerable.Repeat("K\u0001K\u0001\u0086", 20_000)) + "e0";
        var copies = string.Concat(Enumerable.Repeat("ccollections\nOrderedDict\n(h\0tR", 10_000));
        Assert.Contains("more than 1500000 values", Refused(Zip(list, copies)), StringComparison.Ordinal);
    }

    [Fact]
    public void Torch_KeysThatAreMadeToFallTogether_TakeTheTextsLength()
    {
        // Each of these numbers has the hash 0 by itself.
        var keys = string.Concat(Enumerable.Range(1, 60_000).Select(i => "\u008a\u0008" + Encoding.Latin1.GetString(BitConverter.GetBytes(((long)i << 32) | (uint)i)) + "N"));
        var watch = Stopwatch.StartNew();
        File.WriteAllBytes(_folder["w"], Zip("}(", keys, "u"));
        using (var file = TorchFile.Open(_folder["w"])) Assert.Empty(file.Tensors);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Torch_ViewThatRepeatsItsElements_Refused()
        => Assert.Contains("has more elements than its storage of 24 bytes", Refused(Zip("}(", WeightFiles.Tensor("a", "FloatStorage", "0", 6, 0, [200, 200, 200], [0, 0, 0]), "u")), StringComparison.Ordinal);

    [Fact]
    public void Torch_EntryTwice_Refused()
    {
        var whole = Zip(WeightFiles.Tensor("a", "FloatStorage", "0", 6, 0, [2], [1]));
        // Both storages by one name, in the directory and before the data.
        for (var at = 0; at < whole.Length - 8; at++)
            if (whole.AsSpan(at).StartsWith("m/data/1"u8)) whole[at + 7] = (byte)'0';
        Assert.Contains("zip entry m/data/0 occurs twice", Refused(whole), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[DIMENSIONS],\"data_offsets\":[0,1]}}", "more than 64 numbers")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]}}", "has the key a twice")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "a key is not valid text")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1e999],\"data_offsets\":[0,1]}}", "shape is a number beyond")]
    public void SafeTensors_Header_RefusedInOurWords(string header, string says)
    {
        File.WriteAllBytes(_folder["w"], WeightFiles.SafeTensors(header.Replace("DIMENSIONS", string.Join(',', Enumerable.Repeat(1, 65)), StringComparison.Ordinal), data: 1));
        Assert.Contains(says, Assert.Throws<ModelException>(() => SafeTensors.Open(_folder["w"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SafeTensors_MoreTensorsThanAnyModelHas_Refused()
    {
        var header = "{" + string.Join(',', Enumerable.Range(0, 250_001).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}")) + "}";
        File.WriteAllBytes(_folder["w"], WeightFiles.SafeTensors(header, data: 0));
        Assert.Contains("more than 250000 tensors", Assert.Throws<ModelException>(() => SafeTensors.Open(_folder["w"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num_hidden_layers", "2147483647", "a whole number from 1 to 16777216")]
    [InlineData("num_hidden_layers", "16000000", "asks for 16000000 blocks, the weights have 3 tensors")]
    [InlineData("head_dim", "2147483646", "a whole number from 1 to 16777216")]
    [InlineData("vocab_size", "1e300", "a whole number from 1 to 16777216")]
    [InlineData("hidden_size", "\"\\ud800\"", "hidden_size is not valid text")]
    public void Open_CountThatTheWeightsDoNotHave_RefusedBeforeAnythingIsMade(string key, string value, string says)
    {
        var keys = new Dictionary<string, string>
        {
            ["model_type"] = "\"llama\"", ["vocab_size"] = "2", ["hidden_size"] = "2", ["intermediate_size"] = "2", ["num_hidden_layers"] = "1", ["num_attention_heads"] = "1", ["head_dim"] = "2",
            [key] = value,
        };
        File.WriteAllText(_folder["config.json"], "{" + string.Join(',', keys.Select(k => $"\"{k.Key}\":{k.Value}")) + "}");
        File.WriteAllBytes(_folder["model.safetensors"], WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(says, Assert.Throws<ModelException>(() => Checkpoint.Open(_folder.Path).Dispose()).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Fact]
    public void ConfigKeys_MoreEndTokensThanAModelHas_Refused()
        => Assert.Contains("lists 2000 ids", Assert.Throws<ModelException>(() => ConfigKeys.Parse($"{{\"eos_token_id\":[{string.Join(',', Enumerable.Repeat(1, 2000))}]}}", "f").Ids("eos_token_id")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("..")]
    [InlineData("../other/model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    public void Open_IndexThatNamesAFileElsewhere_Refused(string shard)
    {
        Config();
        File.WriteAllText(_folder["model.safetensors.index.json"], $"{{\"weight_map\":{{\"a\":\"{shard}\"}}}}");
        Assert.EndsWith("weight_map must name files beside it", Assert.Throws<ModelException>(() => Checkpoint.Open(_folder.Path).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_PipeInTheWeightsPlace_RefusedAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are told apart on Linux");
        Config();
        using (var made = Process.Start("mkfifo", _folder["model.safetensors"])) made.WaitForExit();
        Assert.Contains("it is a pipe, not a file", Assert.Throws<ModelException>(() => Checkpoint.Open(_folder.Path).Dispose()).Message, StringComparison.Ordinal);
        File.Delete(_folder["config.json"]);
        using (var made = Process.Start("mkfifo", _folder["model.bin"])) made.WaitForExit();
        Assert.Contains("model.bin", Assert.Throws<ModelException>(() => Checkpoint.Open(_folder.Path).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_PipeInTheTokenizersPlace_RefusedAtOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes are told apart on Linux");
        using (var decoder = TestModels.Random()) ModelDirectory.Save(decoder, _folder["hf"]);
        using (var made = Process.Start("mkfifo", _folder["hf/merges.txt"])) made.WaitForExit();
        Assert.Contains("merges.txt: it is a pipe, not a file", Assert.Throws<ModelException>(() => ModelConverter.Convert(_folder["hf"], _folder["out"])).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("""{"added_tokens": [{"id": 2147483647, "content": "<s>", "special": true}], "pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "an id")]
    [InlineData("""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""", "an id")]
    [InlineData("""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": "b"}, "merges": []}}""", "an id")]
    [InlineData("""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [null]}}""", "another kind")]
    [InlineData("""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}""", "another kind")]
    [InlineData("""{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", null]]}}""", "another kind")]
    [InlineData("""{"added_tokens": [null], "pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "another kind")]
    [InlineData("""{"model": {}, "model": {}}""", "twice")]
    [InlineData("""[]""", "not a JSON object")]
    public void GgufTokenizer_WrongValues_RefusedBeforeRoomIsMade(string json, string says)
    {
        File.WriteAllText(_folder["tokenizer.json"], json);
        var message = Assert.Throws<ModelException>(() => GgufTokenizer.Read(_folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["tokenizer.json"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Map_FileThatWasShortenedMeanwhile_IsSaid()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a mapped file is shortened by the program truncate");
        File.WriteAllBytes(_folder["w"], WeightFiles.SafeTensors(WeightFiles.SafeTensorsHeader));
        using var file = SafeTensors.Open(_folder["w"]);
        using (file["a.weight"].Map()) { }
        // By a program that knows nothing of locks.
        using (var cut = Process.Start("truncate", ["-s", "100", _folder["w"]])) cut.WaitForExit();
        Assert.Contains("was shortened while it was read", Assert.Throws<ModelException>(() => file["a.weight"].Map()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma2")]
    [InlineData("gpt2")]
    [InlineData("bloom")]
    [InlineData("gpt_neox")]
    [InlineData("phi")]
    public void Hidden_ValuesWhoseSquaresOverflow_AreNoSoundZeros(string family)
    {
        using var decoder = FamilyModels.Create(family);
        using var still = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var layout = SegmentLayout.Single(3);
        double Logit() => decoder.Logits(decoder.Hidden(torch.arange(3), layout), layout)[0, 0].ToDouble();
        Assert.True(double.IsFinite(Logit()));
        var embedding = decoder.Parameters.First(parameter => parameter.Key.Contains("embed", StringComparison.Ordinal) || parameter.Key.Contains("wte", StringComparison.Ordinal)).Value;
        embedding.fill_(3.4e38);
        embedding[0, 1] = -3.4e38;
        Assert.True(double.IsNaN(Logit()));
    }

    [Fact]
    public void Map_RangeOutsideTheFile_NeverBecomesAnAddress()
    {
        File.WriteAllBytes(_folder["f"], new byte[64]);
        using var file = new MappedFile(_folder["f"]);
        foreach (var (offset, length) in (IEnumerable<(long, long)>)[(60, 8), (-1, 4), (long.MaxValue - 2, 4), (0, -4), (64, 1)])
            Assert.Throws<ModelException>(() => file.Address(offset, length));
        Assert.NotEqual(0, file.Address(60, 4));
        Assert.Throws<ModelException>(() => new StoredTensor("t", StoredType.Find("F32")!, [1000], file, 0).Map());
    }

    [Fact]
    public void PairsToHalves_TensorWithoutRowsForTheHeads_Refused()
    {
        File.WriteAllBytes(_folder["f"], new byte[64]);
        using var file = new MappedFile(_folder["f"]);
        foreach (var shape in (long[][])[[], [3], [3, 2], [2, 2, 2]])
            Assert.Contains("has no rows for the pairs of 2 heads", Assert.Throws<ModelException>(() => new StoredTensor("q", StoredType.Find("F32")!, shape, file, 0).PairsToHalves(2)).Message, StringComparison.Ordinal);
    }

    private void Config() => File.WriteAllText(
        _folder["config.json"], """{"model_type":"llama","vocab_size":2,"hidden_size":2,"intermediate_size":2,"num_hidden_layers":1,"num_attention_heads":1}""");

    private string Refused(byte[] bytes)
    {
        File.WriteAllBytes(_folder["w"], bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<ModelException>(() => TorchFile.Open(_folder["w"])).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512 << 20);
        return message;
    }

    private static byte[] Zip(params string[] pickle) => WeightFiles.Zip(WeightFiles.Pickle(pickle));
}
