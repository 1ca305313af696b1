using System.Text.Json;
using AlpacaCot.Data.Importing;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>JSON lines as Python's json reads them, line by line: byte order marks, encodings, line ends, broken lines.</summary>
[Trait("Category", "Golden")]
public sealed class JsonLinesGoldenTests
{
    public static IEnumerable<object[]> Cases => Golden.Folders("format_jsonl");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Lines_EveryFile_GivesTheSameValuesAndErrors(string folder)
    {
        var golden = Golden.Open(folder);
        foreach (var text in File.ReadLines(golden.File("expected.jsonl")))
        {
            using var expected = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 512 });
            var file = expected.RootElement.GetProperty("file").GetString()!;
            var lines = JsonRecords.Lines(golden.File(file)).ToDictionary(line => line.Number);
            var wanted = expected.RootElement.GetProperty("lines").EnumerateArray().ToList();

            Assert.True(wanted.Select(line => line.GetProperty("line").GetInt32()).SequenceEqual(lines.Keys.Order()), $"{file}: other lines");
            foreach (var line in wanted) Check(file, line, lines[line.GetProperty("line").GetInt32()]);
        }
    }

    private static void Check(string file, JsonElement expected, JsonLine line)
    {
        var place = $"{file}, line {line.Number}";
        if (expected.TryGetProperty("extension", out _)) return; // not JSON proper: a reader may take it or refuse it
        if (expected.TryGetProperty("error", out var error))
            Assert.True(line.Value is null, $"{place}: read although {error}");
        else if (expected.TryGetProperty("depth", out var depth))
            Assert.True(depth.GetInt32() > 250 || line.Value is not null, $"{place}: {line.Mistake}");
        else if (expected.TryGetProperty("pairs_utf16", out var pairs))
            foreach (var pair in pairs.EnumerateArray()) CheckSurrogates(place, pair, line);
        else
            Assert.True(line.Value is { } value && Equal(expected.GetProperty("value"), value), $"{place}: {line.Value} {line.Mistake}");
    }

    // Half a pair has no UTF-8; asking for the text must fail, not give another text.
    private static void CheckSurrogates(string place, JsonElement pair, JsonLine line)
    {
        if (pair[1].ValueKind != JsonValueKind.Array) return; // half a pair in a key, a plain value: no row of ours has such a key
        var expected = string.Concat(pair[1].EnumerateArray().Select(unit => (char)unit.GetInt32()));
        string? actual = null;
        try
        {
            var name = string.Concat(pair[0].EnumerateArray().Select(unit => (char)unit.GetInt32()));
            actual = line.Value!.Value.GetProperty(name).GetString();
        }
        catch (InvalidOperationException e)
        {
            Assert.Contains("UTF-16", e.Message, StringComparison.Ordinal);
        }
        var whole = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(expected)) == expected;
        Assert.True(whole ? actual == expected : actual is null || actual == expected, $"{place}: {actual}");
    }

    private static bool Equal(JsonElement expected, JsonElement actual) => (expected.ValueKind, actual.ValueKind) switch
    {
        (JsonValueKind.String, JsonValueKind.Number) => double.IsInfinity(actual.GetDouble()) && expected.GetString()!.EndsWith("Infinity", StringComparison.Ordinal),
        (JsonValueKind.Number, JsonValueKind.Number) => expected.GetRawText() == actual.GetRawText() || expected.GetDouble() == actual.GetDouble(),
        var (e, a) when e != a => false,
        (JsonValueKind.String, _) => expected.GetString() == actual.GetString(),
        (JsonValueKind.Array, _) => expected.GetArrayLength() == actual.GetArrayLength() && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => Equal(pair.First, pair.Second)),
        (JsonValueKind.Object, _) => Names(expected).SetEquals(Names(actual)) && Names(expected).All(name => Equal(expected.GetProperty(name), actual.GetProperty(name))),
        _ => true,
    };

    private static HashSet<string> Names(JsonElement json) => [.. json.EnumerateObject().Select(property => property.Name)];
}
