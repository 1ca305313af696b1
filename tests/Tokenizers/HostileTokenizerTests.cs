using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Patterns;
using AlpacaCot.Tokenizers.SentencePiece;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Small tokenizer files that ask for much: patterns end, texts do not grow without bound, tables are no longer than what is there.</summary>
public sealed class HostileTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(@"(?:[a-z]+)*!", "takes more than 1000 steps a character")]
    [InlineData(@"(\s+)+\d", "takes more than 1000 steps a character")]
    [InlineData(@"(?:1|11)+b", "takes more than 1000 steps a character")]
    [InlineData(@"(((a{1,1000}){1,1000}){1,1000}){1,1000}", "its repetitions multiply to more than 10000 steps")]
    [InlineData(@"(?:ab){1000}{11}", "its repetitions multiply to more than 10000 steps")]
    [InlineData(@"((((){1000}){1000}){1000}){1000}", "its repetitions multiply to more than 10000 steps")]
    [InlineData(@"\p{^^L}", @"\p{^^L}")]
    public void Pattern_WithoutEndOrMeasure_RefusedWhenItIsRead(string pattern, string says)
    {
        var watch = Stopwatch.StartNew();
        Assert.Contains(says, Assert.ThrowsAny<TokenizerException>(() => new RunePattern(pattern)).Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Pattern_NestedWithoutMeasure_RefusedAndNotAStackOverflow()
    {
        foreach (var pattern in (string[])
            [
                "a" + new string('?', 8000), new string('(', 4000) + "a" + new string(')', 4000), new string('[', 4000) + "a" + new string(']', 4000),
                "[" + string.Join("&&", Enumerable.Repeat("a", 2000)) + "]", new string('a', 9000), "a" + string.Concat(Enumerable.Repeat("{1}", 2000)),
            ])
            Assert.Throws<UnsupportedTokenizerException>(() => new RunePattern(pattern));
    }

    [Fact]
    public void Pattern_ThatTakesTheSquareOfALongText_EndsWithAnError()
    {
        var pattern = new RunePattern("a*b|a");
        var text = new string('a', 200_000);
        var watch = Stopwatch.StartNew();
        Assert.Contains("repetitions inside repetitions", Assert.Throws<TokenizerException>(() => { for (var from = 0; pattern.Find(text, from, out _, out var end);) from = end; }).Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData(@"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"\s?\p{L}+|(?<=\d)x|\s+")]
    public void Pattern_OfARealKind_TakesAnyLongText(string pattern)
    {
        var regex = new RunePattern(pattern);
        foreach (var text in (string[])[new string(' ', 300_000) + "x", new string('a', 300_000), string.Concat(Enumerable.Repeat("12 ab, ", 40_000)), new string('\n', 100_000)])
            for (var from = 0; from < text.Length && regex.Find(text, from, out _, out var end);) from = Math.Max(end, from + 1);
    }

    [Fact]
    public void LookBehind_OfAKnownLength_LooksNoFurther()
    {
        var pattern = new RunePattern("(?<=ab|😀)c");
        Assert.True(pattern.Find("abc", 0, out var begin, out _));
        Assert.Equal(2, begin);
        Assert.True(pattern.Find("😀c", 0, out begin, out _));
        Assert.Equal(2, begin);
        Assert.False(pattern.Find("bac", 0, out _, out _));
    }

    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaa"}""")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"a"},"content":"aaaaaaaaaa"}""")]
    public void Normalizer_StagesThatMultiply_EndWithAnError(string stage)
    {
        var tokenizer = Load($$"""{"type":"Sequence","normalizers":[{{string.Join(',', Enumerable.Repeat(stage, 20))}}]}""");
        Assert.Contains("grow without bound", Assert.Throws<TokenizerException>(() => tokenizer.Encode("aaaa")).Message, StringComparison.Ordinal);
        Assert.Contains("grow without bound", Assert.Throws<TokenizerException>(() => tokenizer.EncodeWithOffsets("aaaa")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PreTokenizer_StagesThatMultiply_EndWithAnError()
    {
        var stages = string.Join(',', Enumerable.Repeat("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""", 40));
        var tokenizer = Load("null", $$"""{"type":"Sequence","pretokenizers":[{{stages}}]}""");
        Assert.Contains("grow without bound", Assert.Throws<TokenizerException>(() => tokenizer.Encode("é")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decoder_StagesThatMultiply_EndWithAnError()
    {
        var stages = string.Join(',', Enumerable.Repeat("""{"type":"Replace","pattern":{"Regex":"a"},"content":"aaaaaaaaaa"}""", 20));
        var tokenizer = Load(more: $$""","decoder":{"type":"Sequence","decoders":[{{stages}}]}""");
        Assert.Contains("grow without bound", Assert.Throws<TokenizerException>(() => tokenizer.Decode([0])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"type\":\"Sequence\",\"normalizers\":[MANY]}", "the normalizer has more than 256 parts")]
    [InlineData("{\"type\":\"Prepend\",\"prepend\":\"LONG\"}", "a token of 3000 characters is longer than 2048")]
    [InlineData("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"***\"}", "is not base64")]
    [InlineData("{\"type\":\"Replace\",\"pattern\":7,\"content\":\"a\"}", "is not an object")]
    [InlineData("[]", "without a type")]
    public void Normalizer_PartsWithoutMeasure_RefusedInOurWords(string normalizer, string says)
    {
        normalizer = normalizer.Replace("MANY", string.Join(',', Enumerable.Repeat("{\"type\":\"NFC\"}", 300)), StringComparison.Ordinal).Replace("LONG", new string('x', 3000), StringComparison.Ordinal);
        Assert.Contains(says, Assert.ThrowsAny<TokenizerException>(() => Load(normalizer)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"type\":\"BertProcessing\",\"cls\":[\"a\",0],\"sep\":[\"x\",99]}", "puts the id 99 around a text, which is outside the vocabulary of 2 ids")]
    [InlineData("{\"type\":\"BertProcessing\",\"cls\":[\"a\"],\"sep\":[\"x\",0]}", "is no pair of a token and its id")]
    [InlineData("{\"type\":\"TemplateProcessing\",\"single\":[MANY],\"special_tokens\":{\"a\":{\"ids\":[0,0,0,0,0,0,0,0]}}}", "puts more than 1024 tokens around a text")]
    [InlineData("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"a\"}}],\"special_tokens\":{\"a\":{\"ids\":[\"x\"]}}}", "is no number from 0")]
    public void PostProcessor_IdsThatAreNone_RefusedInOurWords(string processor, string says)
    {
        processor = processor.Replace("MANY", string.Join(',', Enumerable.Repeat("{\"SpecialToken\":{\"id\":\"a\"}}", 200)), StringComparison.Ordinal);
        Assert.Contains(says, Assert.ThrowsAny<TokenizerException>(() => Load(more: $",\"post_processor\":{processor}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[[null,0]]}""", "piece 0 is no pair of a text and a score")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[["a",1e999]]}""", "vocab is a number beyond")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":{"a":0}}""", "vocab of the model is not a list")]
    [InlineData("""{"type":"BPE","vocab":{"a":2097152},"merges":[]}""", "no number from 0 to 2097151")]
    [InlineData("""{"type":"BPE","vocab":{"a":"x"},"merges":[]}""", "no number from 0 to 2097151")]
    [InlineData("""{"type":"BPE","dropout":"x","vocab":{"a":0},"merges":[]}""", "BPE dropout")]
    [InlineData("""{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}""", "has the key a twice")]
    [InlineData("""{"type":"BPE","vocab":{"\ud800":0},"merges":[]}""", "a key is not valid text")]
    [InlineData("""{"type":"BPE","vocab":{"LONG":0},"merges":[]}""", "a token of 3000 characters")]
    public void Model_WrongValues_RefusedInOurWords(string model, string says)
    {
        File.WriteAllText(_folder["tokenizer.json"], $"{{\"model\":{model.Replace("LONG", new string('x', 3000), StringComparison.Ordinal)}}}");
        var message = Assert.ThrowsAny<TokenizerException>(() => TokenizerDirectory.Load(_folder["tokenizer.json"])).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["tokenizer.json"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddedTokens_ThatStripTheirSpaces_TakeTheTextsLength()
    {
        var tokenizer = Load(more: ""","added_tokens":[{"id":1,"content":" ","special":false,"lstrip":true,"rstrip":true}]""");
        var watch = Stopwatch.StartNew();
        Assert.NotEmpty(tokenizer.Encode(new string(' ', 300_000) + "a"));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void CharacterMap_ReplacementWithoutEnd_Refused()
    {
        // The trie says "A ends here" at once; its replacement runs on to the end of the map.
        var units = new uint[256];
        units[0] = 0x41u << 10;
        units[0x41 ^ 0x41] = 0;
        var found = false;
        for (uint root = 1; root < 200 && !found; root++)
        {
            Array.Clear(units);
            units[0] = root << 10;
            var node = root ^ 0x41;
            if (node >= 256) continue;
            units[node] = 0x41 | (1u << 8) | (2u << 10);
            var leaf = node ^ 2;
            units[leaf] = 0x80000000;
            found = true;
        }
        byte[] blob = [.. BitConverter.GetBytes(1024), .. units.SelectMany(BitConverter.GetBytes), .. Enumerable.Repeat((byte)'x', 1000)];
        Assert.Contains("has a replacement of 1000 bytes", Assert.Throws<TokenizerException>(() => new PrecompiledCharsMap(blob).Match("A", shortest: true, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileLargerThanAnyTokenizer_RefusedWithoutReadingIt()
    {
        using (var file = File.Create(_folder["tokenizer.model"])) file.SetLength(1L << 35);
        Assert.Contains("at most 134,217,728 are read", Assert.Throws<TokenizerException>(() => TokenizerDirectory.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private IAlignedTokenizer Load(string normalizer = "null", string preTokenizer = "null", string more = "")
    {
        var text = $$"""{"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"model":{"type":"BPE","vocab":{"a":0," ":1},"merges":[]}{{more}}}""";
        Assert.NotNull(JsonNode.Parse(text));
        File.WriteAllText(_folder["tokenizer.json"], text, new UTF8Encoding(false));
        return TokenizerDirectory.Load(_folder["tokenizer.json"]);
    }
}
