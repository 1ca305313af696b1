using System.Text.Json;
using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>Opens the tokenizer of a golden case and its lines.</summary>
internal static class GoldenTokenizer
{
    /// <summary>The case's tokenizer; skips the test where it uses a part that is not known.</summary>
    public static IAlignedTokenizer Load(GoldenCase golden)
    {
        var library = golden.Json.GetProperty("library").GetString();
        PinnedCases.Tokenizers.SkipUnless(library is "sentencepiece" or "tokenizers" or "tiktoken", golden.Folder, $"library {library} is not known yet");
        var source = golden.Json.GetProperty("source");
        // The model's own code appends specials to the SentencePiece file.
        if (golden.Json.TryGetProperty("specials_at", out var at))
        {
            using var folder = new TemporaryFolder();
            File.CreateSymbolicLink(folder["ice_text.model"], Resolve(golden, source.GetString()!));
            File.WriteAllText(folder["tokenizer_config.json"], """{"tokenizer_class": "ChatGLMTokenizer", "num_image_tokens": 0}""");
            var tokenizer = TokenizerDirectory.Load(folder.Path);
            Assert.Equal(at.GetInt32(), tokenizer.Find("[MASK]"));
            return tokenizer;
        }
        try
        {
            if (library == "tiktoken")
                return TokenizerDirectory.LoadTiktoken(Resolve(golden, source.GetString()!), golden.Json.GetProperty("pattern").GetString()!, golden.Json.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetInt32()));
            return source.ValueKind == JsonValueKind.Array
                ? TokenizerDirectory.LoadPairs(Resolve(golden, source[0].GetString()!), Resolve(golden, source[1].GetString()!))
                : TokenizerDirectory.Load(Resolve(golden, source.GetString()!));
        }
        catch (UnsupportedTokenizerException e)
        {
            // What was known once must go on to be: a refusal is no reason to skip unless the file has a part that never was.
            var unknown = library == "tokenizers" && source.ValueKind == JsonValueKind.String ? KnownParts.Unknown(JsonDocument.Parse(File.ReadAllBytes(Resolve(golden, source.GetString()!))).RootElement) : [];
            Assert.True(unknown.Count > 0, $"all parts of {golden.Folder} are known, but: {e.Message}");
            PinnedCases.Tokenizers.SkipUnless(false, golden.Folder, "not known yet: " + e.Message);
            throw;
        }
    }

    /// <summary>Whether the case's library can leave special tokens out; tiktoken always shows them.</summary>
    public static bool Skips(GoldenCase golden) => golden.Json.GetProperty("library").GetString() != "tiktoken";

    /// <summary>Whether the case's decoder separates words by itself, so that nothing can continue a word.</summary>
    public static bool SeparatesWords(GoldenCase golden)
    {
        if (golden.Json.GetProperty("source") is not { ValueKind: JsonValueKind.String } source || !source.GetString()!.EndsWith(".json", StringComparison.Ordinal)) return false;
        using var json = JsonDocument.Parse(File.ReadAllBytes(Resolve(golden, source.GetString()!)));
        return json.RootElement.TryGetProperty("decoder", out var decoder) && decoder.ValueKind == JsonValueKind.Object && decoder.GetProperty("type").GetString() == "WordPiece";
    }

    /// <summary>The lines of a file of JSON objects, split at line feeds only (texts hold other line breaks); none where it is absent.</summary>
    public static IEnumerable<JsonElement> Lines(GoldenCase golden, string file)
        => !File.Exists(golden.File(file)) ? [] : File.ReadAllText(golden.File(file)).Split('\n').Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement);

    public static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    public static string Text(JsonElement line, string name) => line.GetProperty(name).GetString()!;

    private static string Resolve(GoldenCase golden, string source) => source.StartsWith("data/", StringComparison.Ordinal) ? Golden.Resolve(source) : golden.File(source);
}

/// <summary>Collects differences, so that a failing case shows the first of them and how many there are.</summary>
internal sealed class Differences
{
    private readonly List<string> _shown = [];
    private int _checks;
    private int _count;

    public void Check<T>(string what, T expected, T actual)
    {
        _checks++;
        var (e, a) = (Show(expected), Show(actual));
        if (e == a) return;
        _count++;
        if (_shown.Count < 12) _shown.Add($"{what}\n  expected {e}\n  actual   {a}");
    }

    public void AssertNone()
    {
        Assert.True(_checks > 0, "the case holds nothing to check");
        Assert.True(_count == 0, $"{_count} of {_checks} checks differ:\n{string.Join('\n', _shown)}");
    }

    private static string Show<T>(T value) => value is System.Collections.IEnumerable items and not string
        ? "[" + string.Join(",", items.Cast<object>()) + "]"
        : JsonSerializer.Serialize(value);
}
