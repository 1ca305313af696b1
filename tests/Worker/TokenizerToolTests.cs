using System.Text.Json.Nodes;
using AlpacaCot.Models;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>Tools that make tokenizers, and models that grow by them.</summary>
public sealed class TokenizerToolTests : IDisposable
{
    private readonly TinyPack _pack = new();

    public void Dispose() => _pack.Dispose();

    [Fact]
    public void Tokenizer_Force_ReplacesATokenizerWhole_AndNothingElse()
    {
        File.WriteAllText(_pack["text.txt"], string.Join('\n', Enumerable.Range(0, 300).Select(i => $"The sum of {i} and {i * 7} is {i * 8}, they say.")));
        int Train(string kind, bool force) => (int)Run("tokenizer train", new JsonObject
        {
            ["out"] = _pack["own"], ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = kind == "byte-bpe" ? 270 : 300, ["kind"] = kind, ["force"] = force,
        }).Answer["vocabulary_size"]!;
        Assert.Equal(270, Train("byte-bpe", force: true));
        // Of the other kind: what the first has left would be read instead.
        Assert.Equal(300, Train("sentencepiece", force: true));
        Assert.Equal(["tokenizer.model", "tokenizer_config.json"], Directory.EnumerateFiles(_pack["own"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("--force", Assert.Throws<ToolException>(() => Train("byte-bpe", force: false)).Message, StringComparison.Ordinal);
        File.WriteAllText(_pack["own/model.safetensors"], "weights");
        Assert.Contains("model.safetensors", Assert.Throws<ToolException>(() => Train("byte-bpe", force: true)).Message, StringComparison.Ordinal);
        Assert.Equal("weights", File.ReadAllText(_pack["own/model.safetensors"]));
    }

    /// <summary>A vocabulary grows by another's Chinese pieces: no id moves, other text is encoded as before, and the model that gets it keeps its rows.</summary>
    [Fact]
    public void Tokenizer_ExtendedByChinesePieces_OldIdsStay()
    {
        File.WriteAllText(_pack["en.txt"], string.Join('\n', Enumerable.Repeat("the thermometer then thaws there 12", 20)));
        File.WriteAllText(_pack["zh.txt"], string.Join('\n', Enumerable.Repeat("人工智能 then 人工", 20)));
        void Train(string name, int vocabulary) => Run("tokenizer train", new JsonObject { ["out"] = _pack[name], ["text"] = new JsonArray(_pack[name + ".txt"]), ["vocab"] = vocabulary, ["kind"] = "sentencepiece" });
        Train("en", 300);
        Train("zh", 310);
        JsonObject Options(string output) => new() { ["out"] = _pack[output], ["tokenizer"] = _pack["en"], ["pieces"] = _pack["zh/tokenizer.model"], ["han"] = true };
        var answer = Run("tokenizer extend", Options("both")).Answer;
        var (before, after) = (AlpacaCot.Tokenizers.TokenizerDirectory.Load(_pack["en"]), AlpacaCot.Tokenizers.TokenizerDirectory.Load(_pack["both"]));
        Assert.Equal(before.VocabularySize + (int)answer["pieces"]!, after.VocabularySize);
        Assert.All(Enumerable.Range(0, before.VocabularySize), id => Assert.Equal(before.Token(id), after.Token(id)));
        Assert.All(Enumerable.Range(before.VocabularySize, (int)answer["pieces"]!), id => Assert.All(after.Token(id), c => Assert.InRange(c, '\u4E00', '\u9FFF')));
        Assert.Equal(before.Encode("then 12 thaw"), after.Encode("then 12 thaw"));
        Assert.True(before.Encode("人工智能").Length > after.Encode("人工智能").Length);
        Assert.InRange((int)answer["used"]!, 1, (int)answer["pieces"]!);
        Assert.Contains("has no piece", Assert.Throws<AlpacaCot.Tokenizers.TokenizerException>(() => Run("tokenizer extend", new JsonObject { ["out"] = _pack["x"], ["tokenizer"] = _pack["both"], ["pieces"] = _pack["zh"], ["han"] = true })).Message, StringComparison.Ordinal);
        Assert.Contains("--force", Assert.Throws<ToolException>(() => Run("tokenizer extend", Options("both"))).Message, StringComparison.Ordinal);
        Assert.Contains("no tokenizer.model", Assert.Throws<ToolException>(() => Run("tokenizer extend", new JsonObject { ["out"] = _pack["x"], ["tokenizer"] = Directory.CreateDirectory(_pack["empty"]).FullName, ["pieces"] = _pack["zh"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizer_TrainedByBothKinds_ComparedOnTheSameText()
    {
        File.WriteAllText(_pack["text.txt"], string.Join('\n', Enumerable.Range(0, 300).Select(i => $"The sum of {i} and {i * 7} is {i * 8}, they say.")));
        JsonObject Train(string name, params (string Key, JsonNode Value)[] more)
        {
            var options = new JsonObject { ["out"] = _pack[name], ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = 270 };
            foreach (var (key, value) in more) options[key] = value;
            return Run("tokenizer train", options).Answer;
        }

        Assert.Equal((270, 300), ((int)Train("bytes")["vocabulary_size"]!, (int)Train("pieces", ("kind", "sentencepiece"), ("vocab", 310))["lines"]!));
        // The seed decides which lines are learnt from: each has words of its own.
        File.WriteAllText(_pack["words.txt"], string.Join('\n', Enumerable.Range(0, 300).Select(i => string.Concat(Enumerable.Repeat($"{(char)('a' + i % 26)}{(char)('a' + i / 26)} ", 3)))));
        string Hash(string name, int seed) => (string)Train(name, ("lines", 20), ("seed", seed), ("text", new JsonArray(_pack["words.txt"])))["content_hash"]!;
        Assert.Equal(Hash("s1", 1), Hash("s2", 1));
        Assert.NotEqual(Hash("s3", 2), Hash("s4", 3));
        Assert.Contains("--force", Assert.Throws<ToolException>(() => Train("bytes")).Message, StringComparison.Ordinal);
        Assert.Contains("byte-bpe and sentencepiece", Assert.Throws<ToolException>(() => Train("x", ("kind", "words"))).Message, StringComparison.Ordinal);

        var compared = Run("tokenizer compare", new JsonObject { ["tokenizers"] = new JsonArray(_pack["bytes"], _pack["pieces"]), ["text"] = new JsonArray(_pack["text.txt"]), ["show"] = "a 12" });
        Assert.Contains("4 tokens: a| |1|2", compared.Text, StringComparison.Ordinal);
        Assert.All(compared.Answer["tokenizers"]!.AsArray(), tokenizer => Assert.Equal(1.0, (double)tokenizer!["files"]![0]!["kinds"]!.AsArray().Single(kind => (string?)kind!["kind"] == "digits")!["characters_per_token"]!));
        Assert.Throws<ToolException>(() => Run("tokenizer compare", new JsonObject { ["tokenizers"] = new JsonArray(_pack["bytes"]) }));
    }

    [Fact]
    public void ExpandVocabulary_LargerTokenizer_KnownTokensKeepTheirRowsAndNewOnesBeginAtTheirPieces()
    {
        File.WriteAllText(_pack["text.txt"], string.Join('\n', Enumerable.Repeat("the thermometer then thaws there", 20)));
        Run("tokenizer train", new JsonObject { ["out"] = _pack["small"], ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = 262 });
        Run("tokenizer train", new JsonObject { ["out"] = _pack["large"], ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = 275 });
        Run("model pretrain", new JsonObject { ["out"] = _pack["base"], ["task"] = "text", ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = 262, ["steps"] = 2, ["batch_size"] = 2, ["hidden"] = 16, ["layers"] = 1, ["heads"] = 2 });
        var ran = Run("model expand-vocab", new JsonObject { ["in"] = _pack["base"], ["out"] = _pack["grown"], ["tokenizer"] = _pack["large"] });
        Assert.Equal((262, 275, 262, 13, 0), ((int)ran.Answer["vocabulary_before"]!, (int)ran.Answer["vocabulary_size"]!, (int)ran.Answer["kept"]!, (int)ran.Answer["from_pieces"]!, (int)ran.Answer["from_mean"]!));
        using var before = ModelDirectory.Load(_pack["base"]);
        using var after = ModelDirectory.Load(_pack["grown"]);
        var (small, large) = (AlpacaCot.Tokenizers.TokenizerDirectory.Load(_pack["base"]), AlpacaCot.Tokenizers.TokenizerDirectory.Load(_pack["grown"]));
        float[] Row(Decoder decoder, int id) => Kernels.TensorData.ToArray<float>(decoder.Embedding[id].to(ScalarType.Float32));
        Assert.Equal(Row(before, small.Find("t")!.Value), Row(after, large.Find("t")!.Value));
        var made = Enumerable.Range(0, 275).First(id => small.Find(large.Token(id)) is null && !large.Token(id).Contains('Ġ', StringComparison.Ordinal));
        var pieces = small.Encode(large.Token(made));
        Assert.True(pieces.Length > 1);
        Assert.All(Row(after, made).Zip(Enumerable.Range(0, 16).Select(i => pieces.Average(id => Row(before, id)[i]))), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        // A larger tokenizer is what it is for.
        Assert.Contains("nothing to add", Assert.Throws<ToolException>(() => Run("model expand-vocab", new JsonObject { ["in"] = _pack["grown"], ["out"] = _pack["x"], ["tokenizer"] = _pack["small"] })).Message, StringComparison.Ordinal);
        Assert.Equal(13, (int)Run("model expand-vocab", new JsonObject { ["in"] = _pack["base"], ["out"] = _pack["y"], ["tokenizer"] = _pack["large"], ["init"] = "mean" }).Answer["from_mean"]!);
        // What was expanded goes on learning.
        var more = Run("model pretrain", new JsonObject { ["out"] = _pack["more"], ["task"] = "text", ["from"] = _pack["grown"], ["text"] = new JsonArray(_pack["text.txt"]), ["steps"] = 3, ["batch_size"] = 2 });
        Assert.True((double)more.Answer["final_loss"]! > 0);
        using var trained = ModelDirectory.Load(_pack["more"]);
        Assert.Equal((275, false), (trained.Config.VocabularySize, Row(trained, 3).SequenceEqual(Row(after, 3))));
    }

    /// <summary>New tokens can learn before everything else does: so long only the embedding and the head change. A tokenizer can be given instead of trained.</summary>
    [Fact]
    public void Pretrain_EmbeddingsFirst_BlocksStayUntilThen()
    {
        File.WriteAllText(_pack["text.txt"], string.Join('\n', Enumerable.Repeat("the thermometer then thaws there", 20)));
        Run("tokenizer train", new JsonObject { ["out"] = _pack["t"], ["text"] = new JsonArray(_pack["text.txt"]), ["vocab"] = 265 });
        JsonObject Options(string output, params (string Key, JsonNode Value)[] more)
        {
            var options = new JsonObject { ["out"] = _pack[output], ["task"] = "text", ["text"] = new JsonArray(_pack["text.txt"]), ["steps"] = 2, ["batch_size"] = 2 };
            foreach (var (key, value) in more) options[key] = value;
            return options;
        }
        Run("model pretrain", Options("base", ("tokenizer", _pack["t/tokenizer.json"]), ("hidden", 16), ("layers", 1), ("heads", 2)));
        Assert.Equal(File.ReadAllText(_pack["t/tokenizer.json"]), File.ReadAllText(_pack["base/tokenizer.json"]));
        using var before = ModelDirectory.Load(_pack["base"]);
        List<string> Changed(string model)
        {
            using var after = ModelDirectory.Load(_pack[model]);
            return [.. before.Parameters.Where(p => !p.Value.Equals(after.Parameters[p.Key])).Select(p => p.Key)];
        }
        var first = Run("model pretrain", Options("first", ("from", _pack["base"]), ("embeddings_first", 2))).Answer;
        Assert.Equal(before.TokenTables, Changed("first"));
        Assert.Equal((double)first["embeddings_loss"]!, (double)first["final_loss"]!);
        // Each part warms up by itself, from a rate of 0.
        Run("model pretrain", Options("both", ("from", _pack["base"]), ("embeddings_first", 2), ("steps", 4)));
        Assert.Equal(before.Parameters.Count, Changed("both").Count);
        string Wrong(JsonObject options) => Assert.Throws<ToolException>(() => Run("model pretrain", options)).Message;
        Assert.Contains("--embeddings-first 3 is more than the 2 steps", Wrong(Options("x", ("from", _pack["base"]), ("embeddings_first", 3))), StringComparison.Ordinal);
        Assert.Contains("--tokenizer has no effect with --from", Wrong(Options("x", ("from", _pack["base"]), ("tokenizer", _pack["t"]))), StringComparison.Ordinal);
        Assert.Contains("leave --vocab out", Wrong(Options("x", ("vocab", 300), ("tokenizer", _pack["t"]))), StringComparison.Ordinal);
        Assert.Contains("no such tokenizer", Wrong(Options("x", ("tokenizer", _pack["none"]))), StringComparison.Ordinal);
    }

    private ToolRun Run(string tool, JsonObject given) => CommandLine.Run(_pack, tool, given);
}
