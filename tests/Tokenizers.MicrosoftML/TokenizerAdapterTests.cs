using System.Buffers;
using System.Text;
using System.Text.Json;
using AlpacaCot.Tests;
using AlpacaCot.Tokenizers.Tests;
using Microsoft.ML.Tokenizers;

namespace AlpacaCot.Tokenizers.MicrosoftML.Tests;

/// <summary>Our tokenizers through the library's own base class.</summary>
public sealed class TokenizerAdapterTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("tokenizer");

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Golden")]
    public void EncodeToTokens_GoldenTexts_EqualIdsTokensAndOffsets(string folder)
    {
        var golden = Golden.Open(folder);
        var ours = GoldenTokenizer.Load(golden);
        Tokenizer tokenizer = new TokenizerAdapter(ours);
        var unit = golden.Json.GetProperty("offset_unit").GetString();
        var differences = new Differences();
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl"))
        {
            var text = GoldenTokenizer.Text(line, "text");
            var what = JsonSerializer.Serialize(text);
            var ids = GoldenTokenizer.Ids(line.GetProperty("ids"));
            var tokens = tokenizer.EncodeToTokens(text, out var normalized);
            differences.Check($"ids of {what}", ids, [.. tokens.Select(token => token.Id)]);
            differences.Check($"ids alone of {what}", ids, [.. tokenizer.EncodeToIds(text)]);
            differences.Check($"count of {what}", ids.Length, tokenizer.CountTokens(text.AsSpan()));
            differences.Check($"values of {what}", ids.Select(ours.Token).ToArray(), [.. tokens.Select(token => token.Value)]);
            differences.Check($"normalized text of {what}", null, normalized);
            if (!line.TryGetProperty("offsets", out var offsets)) continue;
            var places = Places(text, unit == "utf8_bytes");
            var expected = offsets.EnumerateArray().Select(pair => $"{pair[0]}-{pair[1]}").ToArray();
            differences.Check($"offsets of {what}", expected, [.. tokens.Select(token => $"{places[token.Offset.Start.Value]}-{places[token.Offset.End.Value]}")]);
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Golden")]
    public void Decode_GoldenIds_EqualText(string folder)
    {
        var golden = Golden.Open(folder);
        var ours = GoldenTokenizer.Load(golden);
        Tokenizer tokenizer = new TokenizerAdapter(ours);
        var differences = new Differences();
        var room = new char[4096];
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl").Where(line => line.GetProperty("ids").GetArrayLength() < 300))
        {
            var ids = GoldenTokenizer.Ids(line.GetProperty("ids"));
            var decoded = GoldenTokenizer.Text(line, line.TryGetProperty("decoded", out _) ? "decoded" : "text");
            differences.Check("decoded", decoded, tokenizer.Decode(ids));
            if (decoded.Length > room.Length) continue;
            var status = tokenizer.Decode(ids, room, out var consumed, out var written);
            differences.Check("decoded into a span", (OperationStatus.Done, ids.Length, decoded), (status, consumed, new string(room, 0, written)));
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Golden")]
    public void GetIndexByTokenCount_AnyCount_BothSidesAreWholeTexts(string folder)
    {
        var golden = Golden.Open(folder);
        Tokenizer tokenizer = new TokenizerAdapter(GoldenTokenizer.Load(golden));
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl").Where(line => line.GetProperty("ids").GetArrayLength() is > 0 and < 16))
        {
            var text = GoldenTokenizer.Text(line, "text");
            var ids = GoldenTokenizer.Ids(line.GetProperty("ids"));
            for (var most = 1; most <= ids.Length + 1; most++)
            {
                var index = tokenizer.GetIndexByTokenCount(text, most, out _, out var count);
                Assert.InRange(count, 0, Math.Min(most, ids.Length));
                Assert.False(index > 0 && index < text.Length && char.IsLowSurrogate(text[index]) && char.IsHighSurrogate(text[index - 1]), "no character is cut");
                Assert.Equal(ids[..count], tokenizer.EncodeToIds(text, most, out _, out var consumed));
                Assert.Equal(index, consumed);
                var begin = tokenizer.GetIndexByTokenCountFromEnd(text, most, out _, out var last);
                Assert.InRange(last, 0, Math.Min(most, ids.Length));
                Assert.InRange(begin, 0, text.Length);
                if (most < ids.Length) continue;
                Assert.Equal((text.Length, ids.Length), (index, count));
                Assert.Equal((0, ids.Length), (begin, last));
            }
        }
    }

    [Fact]
    public void GetIndexByTokenCount_CharacterOfSeveralTokens_IsNotCut()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Small(folder, byteFallback: true);
        Assert.Equal(["▁a", "<0xC3>", "<0xA9>", "b"], tokenizer.EncodeToTokens("aéb", out _).Select(token => token.Value));
        Assert.Equal((1, 1), (tokenizer.GetIndexByTokenCount("aéb", 2, out _, out var count), count));
        Assert.Equal((2, 3), (tokenizer.GetIndexByTokenCount("aéb", 3, out _, out count), count));
        Assert.Equal((2, 1), (tokenizer.GetIndexByTokenCountFromEnd("aéb", 2, out _, out count), count));
        Assert.Equal((1, 3), (tokenizer.GetIndexByTokenCountFromEnd("aéb", 3, out _, out count), count));
        Assert.Equal(1, tokenizer.CountTokens("a"));
    }

    [Fact]
    public void Decode_RoomForAPart_ConsumesWholeCharactersOnly()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Small(folder, byteFallback: true);
        var ids = tokenizer.EncodeToIds("aéb");
        var room = new char[8];
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, room.AsSpan(0, 1), out var consumed, out var written));
        Assert.Equal((1, "a"), (consumed, new string(room, 0, written)));
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, room.AsSpan(0, 2), out consumed, out written));
        Assert.Equal((3, "aé"), (consumed, new string(room, 0, written)));
        Assert.Equal(OperationStatus.Done, tokenizer.Decode(ids, room, out consumed, out written));
        Assert.Equal((4, "aéb"), (consumed, new string(room, 0, written)));
        Assert.Equal(OperationStatus.InvalidData, tokenizer.Decode([ids[0], 1_000_000], room, out consumed, out written));
        Assert.Equal((1, "a"), (consumed, new string(room, 0, written)));
        Assert.Throws<InvalidOperationException>(() => tokenizer.Decode([-1]));
    }

    [Fact]
    public void Encode_OptionsOfTheTokenizer_AreThose()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["m.model"], ProtoWriter.Model([("▁a", -1, 1), ("a", -2, 1), ("▁", -3, 1)]));
        var ours = TokenizerDirectory.Load(folder["m.model"]);
        Tokenizer tokenizer = new TokenizerAdapter(ours, new EncodeOptions(AddSpecialTokens: true), skipSpecialTokens: true);
        Assert.Equal(["<s>", "▁a"], tokenizer.EncodeToTokens("a", out _).Select(token => token.Value));
        Assert.Equal(0..0, tokenizer.EncodeToTokens("a", out _)[0].Offset);
        Assert.Equal("a", tokenizer.Decode(tokenizer.EncodeToIds("a")));
        Assert.Throws<NotSupportedException>(() => tokenizer.EncodeToIds("a", considerNormalization: false));
    }

    /// <summary>
    /// Why this room is an adapter around tokenizers of our own: the library's model of the same file merges these signs in the wrong order, which gives
    /// a LLaMA other ids for every Alpaca prompt than the ones it was trained on, and its offsets count in normalized text. When this test fails, the
    /// library has been mended, and whether ours are needed can be asked again (7 of 27 golden tokenizers were exact in version 2.0.1).
    /// </summary>
    [Fact]
    public void LibrarysOwnModel_AlpacaPrompt_SplitsWrongly()
    {
        const string Prompt = "\n\n### Instruction:";
        var file = RealData.File("tokenizers/llama/tokenizer.model");
        using var stream = File.OpenRead(file);
        var library = LlamaTokenizer.Create(stream, addBeginOfSentence: false);
        Tokenizer ours = new TokenizerAdapter(TokenizerDirectory.Load(file));
        Assert.Equal(["▁", "<0x0A>", "<0x0A>", "##", "#", "▁Inst", "ruction", ":"], ours.EncodeToTokens(Prompt, out _).Select(token => token.Value));
        Assert.Equal(["▁", "<0x0A>", "<0x0A>", "#", "##", "▁Inst", "ruction", ":"], library.EncodeToTokens(Prompt, out _).Select(token => token.Value));
        Assert.Equal(2..4, ours.EncodeToTokens(Prompt, out _)[3].Offset);
    }

    private static TokenizerAdapter Small(TemporaryFolder folder, bool byteFallback)
    {
        File.WriteAllBytes(folder["m.model"], ProtoWriter.Model([("▁", -9, 1), ("a", -9, 1), ("b", -9, 1), ("▁a", -1, 1)], byteFallback: byteFallback));
        return new TokenizerAdapter(TokenizerDirectory.Load(folder["m.model"]));
    }

    /// <summary>For each index of a text the number of code points, or of UTF-8 bytes, before it.</summary>
    private static int[] Places(string text, bool bytes)
        => [.. Enumerable.Range(0, text.Length + 1).Select(at => bytes ? Encoding.UTF8.GetByteCount(text.AsSpan(0, at)) : text.AsSpan(0, at).ToString().EnumerateRunes().Count())];
}
