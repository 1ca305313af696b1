using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class SentencePieceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly (string, float, int)[] _pieces =
    [
        ("▁", -10, 1), ("a", -10, 1), ("b", -10, 1), ("c", -10, 1), ("ab", -1, 1), ("bc", -2, 1), ("abc", -3, 5), ("▁a", -2.5f, 1), ("<x>", 0, 4), ("😀", -10, 1),
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Encode_Pairs_MergeByScore()
    {
        var tokenizer = Load(ProtoWriter.Model(_pieces));
        Assert.Equal(["▁", "ab", "b"], Tokens(tokenizer, "abb"));
        Assert.Equal(["▁a", "c"], Tokens(tokenizer, "ac"));
    }

    [Fact]
    public void Encode_UnusedResult_SplitsBack() => Assert.Equal(["▁", "ab", "c"], Tokens(Load(ProtoWriter.Model(_pieces)), "abc"));

    [Fact]
    public void Encode_UserDefinedPiece_IsMatchedAndControlIsNot()
    {
        var tokenizer = Load(ProtoWriter.Model(_pieces));
        Assert.Equal(["▁a", "<x>", "b"], Tokens(tokenizer, "a<x>b"));
        Assert.DoesNotContain(1, tokenizer.Encode("<s>a"));
    }

    [Fact]
    public void Encode_UnknownCharacters_AreBytesOrOneUnknown()
    {
        Assert.Equal(["▁a", "<unk>", "b"], Tokens(Load(ProtoWriter.Model(_pieces)), "aéüb"));
        Assert.Equal(["▁a", "<0xC3>", "<0xA9>", "b"], Tokens(Load(ProtoWriter.Model(_pieces, byteFallback: true)), "aéb"));
    }

    [Fact]
    public void Encode_CharacterBeyondTheBasicPlane_IsOneSymbol() => Assert.Equal(["▁", "😀", "😀"], Tokens(Load(ProtoWriter.Model(_pieces)), "😀😀"));

    [Fact]
    public void Encode_LoneSurrogate_IsReplaced()
    {
        var tokenizer = Load(ProtoWriter.Model(_pieces, byteFallback: true));
        Assert.Equal("a\uFFFDb", tokenizer.Decode(tokenizer.Encode("a\uD800b")));
    }

    [Fact]
    public void Encode_Unigram_TakesTheMostProbablePath()
    {
        var tokenizer = Load(ProtoWriter.Model([("▁", -1, 1), ("a", -3, 1), ("b", -3, 1), ("ab", -5, 1), ("aba", -9.5f, 1), ("ba", -2, 1)], algorithm: 1));
        Assert.Equal(["▁", "a", "ba"], Tokens(tokenizer, "aba"));
    }

    [Fact]
    public void Encode_SpecialTokens_AreAddedWhenAskedAndNotInContinuations()
    {
        var tokenizer = Load(ProtoWriter.Model(_pieces));
        Assert.Equal(1, tokenizer.Encode("a", new EncodeOptions(AddSpecialTokens: true))[0]);
        Assert.Equal(["a"], tokenizer.Encode("a", new EncodeOptions(AddSpecialTokens: true, Continuation: true)).Select(tokenizer.Token));
    }

    [Fact]
    public void Load_DirectoryWithConfiguration_TakesItsTokens()
    {
        File.WriteAllBytes(_folder["tokenizer.model"], ProtoWriter.Model(_pieces));
        File.WriteAllText(_folder["tokenizer_config.json"], """
            {"add_bos_token": false, "add_eos_token": true, "bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": "<pad>", "legacy": false,
             "added_tokens_decoder": {"13": {"content": "<pad>", "special": true}, "14": {"content": "<call>", "special": false}}}
            """);
        var tokenizer = TokenizerDirectory.Load(_folder.Path);
        Assert.Equal((15, 1, 2, 13), (tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal(["▁a", "<call>", "b", "</s>"], tokenizer.Encode("a<call>b", new EncodeOptions(AddSpecialTokens: true)).Select(tokenizer.Token));
        Assert.Equal("ab", tokenizer.Decode(tokenizer.Encode("a<pad>b"), skipSpecialTokens: true));
        Assert.DoesNotContain(13, tokenizer.Encode("a<pad>b", new EncodeOptions(SpecialTokensAsText: true)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Load_WordOrCharacterModel_IsRefusedByName(int algorithm)
        => Assert.Contains("UNIGRAM", Assert.Throws<UnsupportedTokenizerException>(() => Load(ProtoWriter.Model(_pieces, algorithm))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_TruncatedFile_NamesTheFile()
    {
        var file = ProtoWriter.Model(_pieces);
        var message = Assert.Throws<TokenizerException>(() => Load(file[..^5])).Message;
        Assert.Contains(_folder["m.model"], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private ITokenizer Load(byte[] file)
    {
        File.WriteAllBytes(_folder["m.model"], file);
        return TokenizerDirectory.Load(_folder["m.model"]);
    }

    private static string[] Tokens(ITokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(tokenizer.Token)];
}
