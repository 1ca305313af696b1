using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Training;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>What every tokenizer promises, on a trained one, on small synthetic ones and on LLaMA's where the real data is there.</summary>
public sealed class TokenizerContractTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Kinds => [["trained"], ["sentencepiece"], ["llama2-json"], ["llama"]];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_Continuation_DecodesToPromptAndText(string kind)
    {
        var tokenizer = Open(kind);
        // Texts in normal form with no special tokens in them: these come back as they are.
        var texts = TestTexts.Random(seed: 5, count: 300).Select(text => text.Replace("▁", "", StringComparison.Ordinal)).Where(text => text.Length > 0).ToList();
        foreach (var (prompt, answer) in texts.Zip(texts.Skip(1)))
        {
            var begin = tokenizer.Encode("Q" + prompt, new EncodeOptions(AddSpecialTokens: true, SpecialTokensAsText: true));
            var end = tokenizer.Encode(answer, new EncodeOptions(SpecialTokensAsText: true, Continuation: true));
            Assert.Equal("Q" + prompt + answer, tokenizer.Decode([.. begin, .. end], skipSpecialTokens: true));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Stream_AnyIds_JoinsToDecode(string kind)
    {
        var tokenizer = Open(kind);
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            var ids = Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(tokenizer.VocabularySize)).ToArray();
            var skip = round % 2 == 0;
            var stream = tokenizer.Stream(skip);
            var parts = ids.Select(stream.Append).ToList();
            parts.Add(stream.Flush());
            Assert.Equal(tokenizer.Decode(ids, skip), string.Concat(parts));
            Assert.All(parts, part => Assert.False(part.Length > 0 && (char.IsLowSurrogate(part[0]) || char.IsHighSurrogate(part[^1])), "half a character"));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_SpecialTokensAsText_YieldsNoSpecialId(string kind)
    {
        var tokenizer = Open(kind);
        foreach (var text in TestTexts.Random(seed: 6, count: 300))
            Assert.DoesNotContain(tokenizer.Encode(text + "<s></s>", new EncodeOptions(SpecialTokensAsText: true)), id => tokenizer.IsSpecial(id) && id != tokenizer.Find("<unk>"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Token_IdsUpToTheVocabularysSize_AreKnownAndNoOther(string kind)
    {
        var tokenizer = Open(kind);
        Assert.NotEmpty(tokenizer.Token(tokenizer.VocabularySize - 1));
        Assert.Contains($"{tokenizer.VocabularySize} ids", Assert.Throws<TokenizerException>(() => tokenizer.Token(tokenizer.VocabularySize)).Message, StringComparison.Ordinal);
        Assert.Throws<TokenizerException>(() => tokenizer.Token(-1));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_FromManyThreads_GivesTheSameIds(string kind)
    {
        var tokenizer = Open(kind);
        var texts = TestTexts.Random(seed: 8, count: 400).ToArray();
        var alone = texts.Select(text => tokenizer.Encode(text)).ToArray();
        var fresh = Open(kind);
        Parallel.For(0, 4 * texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => Assert.Equal(alone[i % texts.Length], fresh.Encode(texts[i % texts.Length])));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_RepeatedText_AllocatesLittleMoreThanTheIds(string kind)
    {
        var tokenizer = Open(kind);
        var text = string.Concat(Enumerable.Repeat("The sum of 12 and 30 is 42, as we can see. ", 500));
        var ids = tokenizer.Encode(text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        tokenizer.Encode(text);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // The list that grows, its copy, and normalised texts where there is a normaliser; nothing per character or piece.
        Assert.True(allocated < 16L * ids.Length + 8L * text.Length + 4096, $"{allocated} bytes for {ids.Length} ids of {text.Length} characters");
    }

    private ITokenizer Open(string kind)
    {
        switch (kind)
        {
            case "trained":
                return ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 500 }, _folder["trained"]);
            case "sentencepiece":
                (string, float, int)[] pieces = [("▁", -20, 1), .. "abcdefghijklmnopqrstuvwxyzTQ0123456789.,".Select(c => (c.ToString(), -10f - c, 1)), ("th", -1, 1), ("▁th", -2, 1), ("▁the", -3, 1), ("▁▁", -4, 1), ("in", -5, 1)];
                File.WriteAllBytes(_folder["m.model"], ProtoWriter.Model(pieces, byteFallback: true));
                return TokenizerDirectory.Load(_folder["m.model"]);
            case "llama2-json":
                File.WriteAllText(_folder["llama2.json"], Llama2Json());
                return TokenizerDirectory.Load(_folder["llama2.json"]);
            default:
                return TokenizerDirectory.Load(RealData.File("tokenizers/llama/tokenizer.model"));
        }
    }

    private static string Llama2Json()
    {
        var tokens = new List<string> { "<unk>", "<s>", "</s>" };
        tokens.AddRange(Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"));
        tokens.AddRange(["▁", "t", "h", "e", "th", "▁th", "Q"]);
        var vocabulary = string.Join(",", tokens.Select((token, id) => $"\"{token}\": {id}"));
        return $$$"""
            {"added_tokens": [{"id": 1, "content": "<s>", "special": true, "normalized": false}, {"id": 2, "content": "</s>", "special": true, "normalized": false}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "pre_tokenizer": null,
             "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]} } },
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": { {{{vocabulary}}} }, "merges": ["t h", ["▁", "th"]]}}
            """;
    }
}
