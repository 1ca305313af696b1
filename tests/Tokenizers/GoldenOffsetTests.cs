using System.Text;
using System.Text.Json;
using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Where tokens come from. The cases count in code points (tokenizers) or bytes of UTF-8 (SentencePiece), ours in UTF-16 units.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenOffsetTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("tokenizer");

    [Theory]
    [MemberData(nameof(Cases))]
    public void EncodeWithOffsets_GoldenTexts_EqualOffsets(string folder)
    {
        var golden = Golden.Open(folder);
        var unit = golden.Json.GetProperty("offset_unit").GetString();
        Assert.SkipUnless(unit is "code_points" or "utf8_bytes", $"{folder} holds no offsets");
        var tokenizer = GoldenTokenizer.Load(golden);
        var differences = new Differences();
        foreach (var line in GoldenTokenizer.Lines(golden, "cases.jsonl"))
        {
            var text = GoldenTokenizer.Text(line, "text");
            if (!line.TryGetProperty("offsets", out var offsets)) continue;
            var expected = offsets.EnumerateArray().Select(pair => $"{pair[0]}-{pair[1]}").ToArray();
            var places = Places(text, unit == "utf8_bytes");
            differences.Check($"offsets of {JsonSerializer.Serialize(text)}", expected, [.. tokenizer.EncodeWithOffsets(text).Select(span => $"{places[span.Begin]}-{places[span.End]}")]);
        }
        differences.AssertNone();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EncodeWithOffsets_AnyOptions_IdsAsWithout(string folder)
    {
        var golden = Golden.Open(folder);
        var tokenizer = GoldenTokenizer.Load(golden);
        var differences = new Differences();
        EncodeOptions[] all = [default, new(AddSpecialTokens: true), new(SpecialTokensAsText: true), new(Continuation: true)];
        foreach (var text in GoldenTokenizer.Lines(golden, "cases.jsonl").Where((_, i) => i % 4 == 0).Select(line => GoldenTokenizer.Text(line, "text")).Concat(TestTexts.Random(11, 30)))
            foreach (var options in all)
            {
                var spans = tokenizer.EncodeWithOffsets(text, options);
                differences.Check($"ids of {JsonSerializer.Serialize(text)}, {options}", tokenizer.Encode(text, options), [.. spans.Select(span => span.Id)]);
                differences.Check($"ranges of {JsonSerializer.Serialize(text)}, {options}", -1, Array.FindIndex(spans, span => !IsRange(text, span)));
            }
        differences.AssertNone();
    }

    /// <summary>For each index of a text the number of code points, or of UTF-8 bytes, before it.</summary>
    internal static int[] Places(string text, bool bytes)
    {
        var places = new int[text.Length + 1];
        var count = 0;
        for (var at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            places.AsSpan(at, length).Fill(count);
            count += bytes ? rune.Utf8SequenceLength : 1;
            at += length;
        }
        places[text.Length] = count;
        return places;
    }

    private static bool IsRange(string text, TokenSpan span)
        => span.Begin >= 0 && span.Begin <= span.End && span.End <= text.Length && !Splits(text, span.Begin) && !Splits(text, span.End);

    private static bool Splits(string text, int at) => at > 0 && at < text.Length && char.IsHighSurrogate(text[at - 1]) && char.IsLowSurrogate(text[at]);
}
