using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Training;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class SentencePieceTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_AnyText_RoundTrips()
    {
        var tokenizer = SentencePieceTrainer.Train(TestTexts.Corpus, new SentencePieceTraining { VocabularySize = 700 }, _folder["t"]);
        // A literal U+2581 is a space to every SentencePiece decoder.
        foreach (var text in TestTexts.Random(seed: 3, count: 500).Select(text => text.Replace("▁", "", StringComparison.Ordinal)))
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, new EncodeOptions(SpecialTokensAsText: true))));
    }

    [Fact]
    public void Train_Twice_WritesTheSameBytes()
    {
        var options = new SentencePieceTraining { VocabularySize = 600 };
        SentencePieceTrainer.Train(TestTexts.Corpus, options, _folder["a"]);
        SentencePieceTrainer.Train(TestTexts.Corpus, options, _folder["b"]);
        Assert.Equal(File.ReadAllBytes(_folder["a/tokenizer.model"]), File.ReadAllBytes(_folder["b/tokenizer.model"]));
    }

    [Fact]
    public void Train_Words_MergesTheMostFrequentPairsWithinAWordAndAScript()
    {
        string[] texts = [.. Enumerable.Repeat("abab abab\nabab 中文中文 12 12.", 5)];
        var tokenizer = SentencePieceTrainer.Train(texts, new SentencePieceTraining { VocabularySize = 3 + 256 + 8 + 6, CharacterCoverage = 1 }, _folder["t"]);
        var merged = Enumerable.Range(259, tokenizer.VocabularySize - 259 - 8).Select(tokenizer.Token).ToList();
        // "ab" stands 30 times, "▁abab" 15 times, "中文" 10 times.
        Assert.Equal("ab", merged[0]);
        Assert.Contains("▁abab", merged);
        Assert.Contains("▁中文中文", merged);
        Assert.All(merged, piece => Assert.False(piece.Any(char.IsDigit) || piece.Contains('.', StringComparison.Ordinal), piece));
        Assert.DoesNotContain(merged, piece => piece.LastIndexOf('▁') > 0);
        Assert.Equal(["▁abab", "▁", "1", "2", "."], tokenizer.Encode("abab 12.").Select(tokenizer.Token));
    }

    [Fact]
    public void Train_RareCharacters_AreLeftToTheBytes()
    {
        string[] texts = [new string('a', 5000), "é"];
        var tokenizer = SentencePieceTrainer.Train(texts, new SentencePieceTraining { VocabularySize = 300, CharacterCoverage = 0.999 }, _folder["t"]);
        Assert.Equal(["▁", "<0xC3>", "<0xA9>"], tokenizer.Encode("é").Select(tokenizer.Token));
        Assert.Equal("é", tokenizer.Decode(tokenizer.Encode("é")));
    }

    [Fact]
    public void Train_TooSmallAVocabulary_SaysHowMuchIsNeeded()
        => Assert.Contains("need 262", Assert.Throws<TokenizerException>(() => SentencePieceTrainer.Train(["ab ab"], new SentencePieceTraining { VocabularySize = 261, CharacterCoverage = 1 }, _folder["t"])).Message, StringComparison.Ordinal);

    /// <summary>A piece that was given (a user's own, say) is what its letters are merged into.</summary>
    [Fact]
    public void Learn_MergeWhoseTextIsATokenAlready_MakesNoOther()
    {
        List<string> tokens = ["a", "b", "c", "ab"];
        List<CountedWord> words = [new([0, 1, 2], 5)];
        Assert.Equal([(0, 1), (3, 2)], BpeLearner.Learn(words, tokens, 100, 1));
        Assert.Equal(["a", "b", "c", "ab", "abc"], tokens);
    }

    [Fact]
    public void EncodeAll_ManyTexts_AsEachAlone()
    {
        var tokenizer = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 400 }, _folder["t"]);
        List<string> texts = [.. TestTexts.Random(seed: 9, count: 400)];
        Assert.Equal(texts.Select(text => tokenizer.Encode(text)), tokenizer.EncodeAll(texts, threads: 4));
    }

    [Fact]
    public void Comparison_Kinds_CountTokensWhereTheirTextIs()
    {
        var split = (IAlignedTokenizer)ByteBpeTrainer.Train(["aa aa aa 11 11 11"], new ByteBpeOptions { VocabularySize = 300 }, _folder["split"]);
        var whole = (IAlignedTokenizer)ByteBpeTrainer.Train(["aa aa aa 11 11 11"], new ByteBpeOptions { VocabularySize = 300, SplitDigits = false }, _folder["whole"]);
        SplitFigures Digits(IAlignedTokenizer tokenizer) => TokenizerComparison.Of(tokenizer, ["aa 1111 中"]).Single(figure => figure.Kind == "digits");
        Assert.Equal((4, 1.0), (Digits(split).Tokens, Digits(split).CharactersPerToken));
        Assert.InRange(Digits(whole).Tokens, 1, 3);
        var han = TokenizerComparison.Of(split, ["aa 1111 中"]).Single(figure => figure.Kind == "han");
        Assert.Equal((1, 3, 3), (han.Characters, han.Bytes, han.Tokens));
        var all = TokenizerComparison.Of(split, ["aa 1111 中"])[^1];
        Assert.Equal((9, 11, split.Encode("aa 1111 中").Length), (all.Characters, all.Bytes, all.Tokens));
        Assert.Equal(["a", "1", "1", "Ã", "©"], TokenizerComparison.Pieces(split, "a11é"));
    }
}
