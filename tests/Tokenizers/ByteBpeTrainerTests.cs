using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Training;

namespace AlpacaCot.Tokenizers.Tests;

public sealed class ByteBpeTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_AnyText_RoundTrips()
    {
        var tokenizer = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 400 }, _folder["t"]);
        foreach (var text in TestTexts.Random(seed: 3, count: 500))
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, new EncodeOptions(AddSpecialTokens: true, SpecialTokensAsText: true)), skipSpecialTokens: true));
        }
    }

    [Fact]
    public void Train_Twice_WritesTheSameBytes()
    {
        var options = new ByteBpeOptions { VocabularySize = 320 };
        var first = ByteBpeTrainer.Train(TestTexts.Corpus, options, _folder["a"]);
        var second = ByteBpeTrainer.Train(TestTexts.Corpus, options, _folder["b"]);
        Assert.Equal(File.ReadAllBytes(_folder["a/tokenizer.json"]), File.ReadAllBytes(_folder["b/tokenizer.json"]));
        Assert.Equal(first.ContentHash, second.ContentHash);
        Assert.NotEqual(first.ContentHash, ByteBpeTrainer.Train(TestTexts.Corpus, options with { VocabularySize = 319 }, _folder["c"]).ContentHash);
    }

    [Fact]
    public void Train_Corpus_MergesTheMostFrequentPairEachTime()
    {
        var tokenizer = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 320, SplitDigits = true }, _folder["t"]);
        // The definition, slowly: pre-tokens of a tokenizer of bytes, counted anew for each merge.
        var bytes = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 259 }, _folder["bytes"]);
        Assert.Equal(259, bytes.VocabularySize);
        var words = Words(bytes);
        for (var next = 259; next < 320; next++)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.First).ThenBy(group => group.Key.Second).First().Key;
            Assert.Equal(tokenizer.Token(best.First) + tokenizer.Token(best.Second), tokenizer.Token(next));
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++)
                    if ((word[i], word[i + 1]) == best)
                    {
                        word[i] = next;
                        word.RemoveAt(i + 1);
                    }
        }
    }

    [Fact]
    public void Train_SplitDigits_GivesEveryDigitItsOwnToken()
    {
        var split = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 600 }, _folder["split"]);
        Assert.Equal(["1", "2", "3", "Ġ", "4", "5"], split.Encode("123 45").Select(split.Token));
        var joined = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 600, SplitDigits = false }, _folder["joined"]);
        Assert.True(joined.Encode("123 45").Length < 6);
        // None of the vocabulary is spent on numbers that are never looked up.
        static bool IsNumber(string token) => token.Count(char.IsAsciiDigit) > 1;
        Assert.Contains(Enumerable.Range(0, joined.VocabularySize), id => IsNumber(joined.Token(id)));
        Assert.DoesNotContain(Enumerable.Range(0, split.VocabularySize), id => IsNumber(split.Token(id)));
    }

    [Fact]
    public void Train_SpecialTokens_AreTheFirstIds()
    {
        var tokenizer = ByteBpeTrainer.Train(TestTexts.Corpus, new ByteBpeOptions { VocabularySize = 300 }, _folder["t"]);
        Assert.Equal((0, 1, 2), (tokenizer.Find("<unk>"), tokenizer.BosId, tokenizer.EosId));
        Assert.True(tokenizer.IsSpecial(0) && tokenizer.IsSpecial(1) && tokenizer.IsSpecial(2) && !tokenizer.IsSpecial(3));
        Assert.Equal(1, tokenizer.Encode("x", new EncodeOptions(AddSpecialTokens: true))[0]);
        Assert.Equal(2, tokenizer.Encode("x</s>")[^1]);
        Assert.Equal(300, tokenizer.VocabularySize);
    }

    [Fact]
    public void Train_VocabularyTooSmall_SaysWhatIsNeeded()
        => Assert.Contains("259", Assert.Throws<TokenizerException>(() => ByteBpeTrainer.Train([], new ByteBpeOptions { VocabularySize = 100 }, _folder["t"])).Message, StringComparison.Ordinal);

    private static List<List<int>> Words(ITokenizer bytes)
    {
        var pieces = new Json.Pieces();
        var digits = new Json.Splitter(new Patterns.ClassPattern(Text.CharClass.IsNumber), Json.SplitBehavior.Isolated);
        var level = new Json.ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true);
        var words = new List<List<int>>();
        foreach (var text in TestTexts.Corpus)
        {
            pieces.Reset(text, atTextBegin: true, prefix: false);
            digits.Apply(pieces);
            level.Apply(pieces);
            foreach (var range in pieces.Ranges) words.Add([.. pieces[range].ToString().Select(c => bytes.Find(c.ToString())!.Value)]);
        }
        return words;
    }
}
