using System.Text;
using System.Text.Json;
using AlpacaCot.Models.Conversion;

namespace AlpacaCot.Models.Tests;

public sealed class ModelConverterTests
{
    [Fact]
    public void Convert_Stories260K_GreedyTextIsThePublishedOne()
    {
        var expected = File.ReadAllText(RealData.File("models/stories260K/expected_greedy.txt")).Split("---\n", 2)[1].TrimEnd('\n');
        using var folder = new TemporaryFolder();
        ConvertStories(folder["hf"]);
        using var decoder = ModelDirectory.Load(folder["hf"], new LoadOptions(Device: TestDevice.Chosen));

        var ids = Greedy.Cached(decoder, [decoder.Config.BosTokenId!.Value], 256);

        var pieces = Llama2cTokenizer.Read(RealData.File("models/stories260K/tok512.bin"));
        Assert.Equal(expected, Text(pieces, ids));
    }

    [Fact]
    public void Convert_Stories260K_DirectoryAsOtherToolsExpectIt()
    {
        using var folder = new TemporaryFolder();
        ConvertStories(folder["hf"]);
        using var config = JsonDocument.Parse(File.ReadAllText(folder["hf/config.json"]));
        Assert.Equal("llama", config.RootElement.GetProperty("model_type").GetString());
        Assert.Equal("float32", config.RootElement.GetProperty("torch_dtype").GetString());
        Assert.True(config.RootElement.GetProperty("tie_word_embeddings").GetBoolean());
        using var weights = SafeTensors.Open(folder["hf/model.safetensors"]);
        Assert.False(weights.TryGet("lm_head.weight", out _));
        Assert.True(weights.TryGet("model.layers.4.mlp.down_proj.weight", out _));
        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json"],
            Directory.GetFiles(folder["hf"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Convert_ToAnotherType_StoredInItAndConfigSaysSo()
    {
        using var folder = new TemporaryFolder();
        using var random = TestModels.Random();
        ModelDirectory.Save(random, folder["in"]);
        ModelConverter.Convert(folder["in"], folder["out"], new ConvertOptions(Dtype: "bf16"));
        using var converted = ModelDirectory.Load(folder["out"], new LoadOptions(Device: TestDevice.Chosen));
        Assert.Equal(ScalarType.BFloat16, converted.Dtype);
        Assert.Equal(ScalarType.BFloat16, converted.Config.Dtype);
        using var scope = torch.NewDisposeScope();
        foreach (var (name, parameter) in random.Parameters) Assert.True(parameter.bfloat16().Equals(converted.Parameters[name]), name);
    }

    [Fact]
    public void Convert_OutputExists_RefusedAndUntouched()
    {
        using var folder = new TemporaryFolder();
        using var random = TestModels.Random();
        ModelDirectory.Save(random, folder["in"]);
        Directory.CreateDirectory(folder["out"]);
        File.WriteAllText(folder["out/notes.txt"], "mine");
        Assert.Throws<ModelException>(() => ModelConverter.Convert(folder["in"], folder["out"]));
        Assert.Equal([folder["out/notes.txt"]], Directory.GetFiles(folder["out"]));
    }

    [Fact]
    public void Convert_TokenizerOfAnotherVocabulary_NamesBothSizesAndLeavesNothing()
    {
        var tokenizer = RealData.File("models/stories260K/tok512.bin");
        using var folder = new TemporaryFolder();
        using var random = TestModels.Random();
        ModelDirectory.Save(random, folder["in"]);
        var error = Assert.Throws<ModelException>(() => ModelConverter.Convert(folder["in"], folder["out"], new ConvertOptions(tokenizer)));
        Assert.Contains("512", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{random.Config.VocabularySize}", error.Message, StringComparison.Ordinal);
        Assert.Equal([folder["in"]], Directory.GetFileSystemEntries(folder.Path));
    }

    private static void ConvertStories(string output) => ModelConverter.Convert(
        RealData.File("models/stories260K/stories260K.bin"), output, new ConvertOptions(RealData.File("models/stories260K/tok512.bin")));

    private static string Text(IReadOnlyList<Piece> pieces, long[] ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            var piece = pieces[(int)id];
            if (piece.Type == PieceType.Byte) bytes.Add(Convert.ToByte(piece.Text[3..5], 16));
            else bytes.AddRange(Encoding.UTF8.GetBytes(piece.Text.Replace('▁', ' ')));
        }
        var text = Encoding.UTF8.GetString([.. bytes]);
        return text.StartsWith(' ') ? text[1..] : text;   // the blank that SentencePiece puts in front
    }
}
