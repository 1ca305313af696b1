using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class TokenizerDirectoryTests : IDisposable
{
    private const string Model = """{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3, "</s>": 4}, "merges": ["a b"]}""";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"model": {"type": "WordLevel", "vocab": {}}}""", "WordLevel")]
    [InlineData($$$"""{"model": {{{Model}}}, "normalizer": {"type": "Rot13"}}""", "Rot13")]
    [InlineData($$$"""{"model": {{{Model}}}, "pre_tokenizer": {"type": "Words"}}""", "Words")]
    [InlineData($$$"""{"model": {{{Model}}}, "post_processor": {"type": "After"}}""", "After")]
    [InlineData($$$"""{"model": {{{Model}}}, "decoder": {"type": "Un"}}""", "Un")]
    [InlineData("""{"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}}""", "dropout")]
    public void Load_UnknownPart_IsRefusedByName(string json, string part)
    {
        File.WriteAllText(_folder["tokenizer.json"], json);
        var message = Assert.Throws<UnsupportedTokenizerException>(() => TokenizerDirectory.Load(_folder.Path)).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Contains(_folder["tokenizer.json"], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"model\": ")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2000000000}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}""")]
    public void Load_DamagedJson_NamesTheFileInOneLine(string json)
    {
        File.WriteAllText(_folder["tokenizer.json"], json);
        var message = Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder.Path)).Message;
        Assert.Contains(_folder["tokenizer.json"], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void LoadTiktoken_RankFile_MergesTheLowestRank()
    {
        string[] tokens = ["a", "b", "c", "bc", "ab", " ", "abc "];
        File.WriteAllLines(_folder["t.tiktoken"], tokens.Select((token, rank) => $"{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(token))} {rank}"));
        var tokenizer = TokenizerDirectory.LoadTiktoken(_folder["t.tiktoken"], @"\w+| ", new Dictionary<string, int> { ["<end>"] = 7 });
        Assert.Equal([0, 3, 5, 4, 7], tokenizer.Encode("abc ab<end>"));
        Assert.Equal("abc ab<end>", tokenizer.Decode([0, 3, 5, 4, 7]));
        File.AppendAllText(_folder["t.tiktoken"], "nonsense\n");
        Assert.Contains("line 8", Assert.Throws<TokenizerException>(() => TokenizerDirectory.LoadTiktoken(_folder["t.tiktoken"], ".", new Dictionary<string, int>())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NothingThere_SaysWhatIsLookedFor()
    {
        Assert.Contains("tokenizer.model", Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder["none.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Configuration_DecidesBeginAndEnd()
    {
        File.WriteAllText(_folder["tokenizer.json"], $$$"""{"model": {{{Model}}}}""");
        File.WriteAllText(_folder["tokenizer_config.json"], """{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "add_bos_token": true, "add_eos_token": true}""");
        var tokenizer = TokenizerDirectory.Load(_folder.Path);
        Assert.Equal((3, 4, null), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal([3, 2, 4], tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true)));
        Assert.Equal([2], tokenizer.Encode("ab"));
    }

    [Fact]
    public void Load_NoTokenNames_TakesIdsOfTheModelsConfiguration()
    {
        File.WriteAllText(_folder["tokenizer.json"], $$$"""{"model": {{{Model}}}}""");
        File.WriteAllText(_folder["config.json"], """{"bos_token_id": 1, "eos_token_id": 0}""");
        File.WriteAllText(_folder["generation_config.json"], """{"eos_token_id": [4, 2]}""");
        var tokenizer = TokenizerDirectory.Load(_folder.Path);
        Assert.Equal((1, 4), (tokenizer.BosId, tokenizer.EosId));
    }

    [Fact]
    public void Load_ChangedConfiguration_ChangesTheContentHash()
    {
        File.WriteAllText(_folder["tokenizer.json"], $$$"""{"model": {{{Model}}}}""");
        var before = TokenizerDirectory.Load(_folder.Path).ContentHash;
        Assert.Equal(before, TokenizerDirectory.Load(_folder["tokenizer.json"]).ContentHash);
        File.WriteAllText(_folder["tokenizer_config.json"], """{"add_bos_token": true}""");
        Assert.NotEqual(before, TokenizerDirectory.Load(_folder.Path).ContentHash);
    }

    [Fact]
    public void Token_OutsideTheVocabulary_SaysItsSize()
    {
        File.WriteAllText(_folder["tokenizer.json"], $$$"""{"model": {{{Model}}}}""");
        Assert.Contains("5 ids", Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder.Path).Token(5)).Message, StringComparison.Ordinal);
    }
}
