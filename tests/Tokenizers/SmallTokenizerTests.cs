using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Small tokenizer files written out here: what begins and ends a text, what added tokens take with them, which path is chosen.</summary>
public sealed class SmallTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Template = """
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
         "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [4], "tokens": ["</s>"]}}},
        """;

    private const string Model = """
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3, "</s>": 4, "aab": 5, " ": 6, "aa": 7}, "merges": ["a b", "a ab", "a a"]}
        """;

    [Fact]
    public void Encode_TemplateAndConfigurationBothAskForBegin_ItComesOnce()
    {
        var tokenizer = Load(Template + Model, """{"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true, "add_eos_token": true}""");
        Assert.Equal([3, 2, 4], tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true)));
    }

    [Fact]
    public void Encode_ConfigurationWantsNoBegin_TheTemplatesIsTakenOff()
    {
        var tokenizer = Load(Template + Model, """{"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false, "add_eos_token": false}""");
        Assert.Equal([2], tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true)));
    }

    [Fact]
    public void Encode_Continuation_HasNoBeginAndStillAnEnd()
    {
        var tokenizer = Load(Template + Model);
        Assert.Equal([3, 2, 4], tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true)));
        Assert.Equal([2, 4], tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true, Continuation: true)));
        Assert.Equal([2], tokenizer.Encode("ab"));
    }

    [Fact]
    public void Encode_EarlierMerge_GoesFirst()
        // "a b" has the first rank, so "aab" becomes a + ab, then aab; "a a" would have left b alone.
        => Assert.Equal([5, 7], Load(Model).Encode("aabaa"));

    [Fact]
    public void Encode_AddedTokens_StripAndStandAlone()
    {
        var tokenizer = Load("""
            "added_tokens": [{"id": 8, "content": "<x>", "special": true, "lstrip": true, "rstrip": false}, {"id": 9, "content": "bb", "special": false, "single_word": true}],
            """ + Model);
        Assert.Equal([0, 8, 6, 1], tokenizer.Encode("a <x> b"));
        Assert.Equal([9], tokenizer.Encode("bb"));
        Assert.Equal([1, 1, 1], tokenizer.Encode("bbb"));
        Assert.True(tokenizer.IsSpecial(8));
        Assert.False(tokenizer.IsSpecial(9));
    }

    [Fact]
    public void Encode_WordPiece_LongestFirstAndUnknownAsAWhole()
    {
        var tokenizer = Load("""
            "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 5, "vocab": {"[UNK]": 0, "a": 1, "ab": 2, "##c": 3, "##b": 4}}
            """);
        Assert.Equal([2, 3], tokenizer.Encode("abc"));
        Assert.Equal([1, 3], tokenizer.Encode("ac"));
        Assert.Equal([0, 1], tokenizer.Encode("abx a"));
        Assert.Equal([2, 4, 4, 4], tokenizer.Encode("abbbb"));
        Assert.Equal([0], tokenizer.Encode("abbbbb"));
    }

    [Fact]
    public void Find_NullAsATokensName_MeansNone()
    {
        File.WriteAllText(_folder["config.json"], """{"eos_token_id": 4}""");
        Assert.Null(Load(Model, """{"eos_token": null}""").EosId);
        Assert.Equal(4, Load(Model, "{}").EosId);
    }

    [Fact]
    public void Decode_SentencePiece_GivesTheTextWithoutTheLeadingSpace()
    {
        File.WriteAllBytes(_folder["m.model"], ProtoWriter.Model([("▁", -10, 1), ("a", -10, 1), ("b", -10, 1), ("▁a", -2.5f, 1)]));
        var tokenizer = TokenizerDirectory.Load(_folder["m.model"]);
        Assert.Equal("ab a", tokenizer.Decode(tokenizer.Encode("ab a")));
        Assert.Equal("ab", tokenizer.Decode(tokenizer.Encode("ab", new EncodeOptions(AddSpecialTokens: true))));
    }

    private ITokenizer Load(string parts, string? configuration = null)
    {
        File.WriteAllText(_folder["tokenizer.json"], "{" + parts + "}");
        if (configuration is not null) File.WriteAllText(_folder["tokenizer_config.json"], configuration);
        return TokenizerDirectory.Load(configuration is null && !File.Exists(_folder["config.json"]) ? _folder["tokenizer.json"] : _folder.Path);
    }
}
