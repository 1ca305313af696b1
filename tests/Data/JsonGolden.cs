using System.Security.Cryptography;
using System.Text.Json;
using AlpacaCot.Data.Importing;

namespace AlpacaCot.Data.Tests;

/// <summary>Comparing rows with the JSON that a reference implementation gave.</summary>
internal static class JsonGolden
{
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 512 };

    public static JsonElement Parse(string path) => JsonDocument.Parse(File.ReadAllBytes(path), _options).RootElement;

    // Texts hold U+2028 and the like: lines end at LF alone.
    public static IEnumerable<JsonElement> Lines(string path)
        => File.ReadAllText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line, _options).RootElement);

    public static void Compare(List<string> faults, string path, JsonElement expected, Func<string, IEnumerable<FileRow>> read)
    {
        try
        {
            var rows = read(path).ToList();
            var wanted = expected.EnumerateArray().ToList();
            if (rows.Count != wanted.Count) faults.Add($"{path}: {rows.Count} rows, expected {wanted.Count}");
            foreach (var (row, want) in rows.Zip(wanted))
            {
                if (row.Value is { } value && Equal(want, value)) continue;
                faults.Add($"{path}, row {row.Number}: {row.Mistake}{row.Value}, expected {want}"[..Math.Min(600, $"{path}, row {row.Number}: {row.Mistake}{row.Value}, expected {want}".Length)]);
                break;
            }
        }
        catch (DatasetException e)
        {
            faults.Add(e.Message);
        }
    }

    public static void CompareContent(List<string> faults, string what, JsonElement expected, Stream content)
    {
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        if (copy.Length != expected.GetProperty("bytes").GetInt64()) faults.Add($"{what}: {copy.Length} bytes, expected {expected.GetProperty("bytes")}");
        else if (Convert.ToHexStringLower(SHA256.HashData(copy.ToArray())) != expected.GetProperty("sha256").GetString()) faults.Add($"{what}: has another content");
    }

    public static bool Equal(JsonElement expected, JsonElement actual) => (expected.ValueKind, actual.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => expected.GetRawText() == actual.GetRawText() || expected.GetDouble() == actual.GetDouble(),
        var (e, a) when e != a => false,
        (JsonValueKind.String, _) => expected.GetString() == actual.GetString(),
        (JsonValueKind.Array, _) => expected.GetArrayLength() == actual.GetArrayLength() && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => Equal(pair.First, pair.Second)),
        (JsonValueKind.Object, _) => Names(expected).SetEquals(Names(actual)) && Names(expected).All(name => Equal(expected.GetProperty(name), actual.GetProperty(name))),
        _ => true,
    };

    private static HashSet<string> Names(JsonElement json) => [.. json.EnumerateObject().Select(property => property.Name)];
}
