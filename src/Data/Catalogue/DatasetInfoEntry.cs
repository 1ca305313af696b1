using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Catalogue;

/// <summary>Where an entry of <c>dataset_info.json</c> says its rows are.</summary>
public enum DatasetPlace
{
    /// <summary>The Hugging Face hub.</summary>
    HuggingFace,

    /// <summary>The ModelScope hub.</summary>
    ModelScope,

    /// <summary>The Modelers hub.</summary>
    Modelers,

    /// <summary>A program that makes them.</summary>
    Script,

    /// <summary>A bucket.</summary>
    Cloud,

    /// <summary>A file or folder beside it.</summary>
    File,
}

/// <summary>An entry of a <c>dataset_info.json</c> as LLaMA-Factory reads it.</summary>
/// <param name="Name">The set's name.</param>
/// <param name="Place">Where its rows are.</param>
/// <param name="Reference">The repository, script or file.</param>
/// <param name="Formatting">What its rows are: alpaca, sharegpt or openai.</param>
/// <param name="Ranking">Whether its rows are preference pairs.</param>
/// <param name="Subset">The repository's subset.</param>
/// <param name="Split">The repository's split.</param>
/// <param name="Folder">The repository's folder.</param>
/// <param name="Samples">So many rows of it are taken.</param>
/// <param name="Columns">The names of its columns and, among messages, of its tags and roles; null where it has none. A key: <c>prompt</c>, <c>role_tag</c>.</param>
public sealed record DatasetInfoEntry(
    string Name, DatasetPlace Place, string Reference, string Formatting, bool Ranking, string? Subset, string Split, string? Folder, int? Samples, IReadOnlyDictionary<string, string?> Columns)
{
    /// <summary>The file that registers sets.</summary>
    public const string FileName = "dataset_info.json";

    /// <summary>Columns of one kind or another of rows, with their names where the entry has no <c>columns</c>.</summary>
    private static readonly Dictionary<string, string?> _columns = new(StringComparer.Ordinal)
    {
        ["prompt"] = "instruction", ["query"] = "input", ["response"] = "output", ["history"] = null, ["messages"] = "conversations", ["system"] = null, ["tools"] = null,
        ["images"] = null, ["videos"] = null, ["audios"] = null, ["chosen"] = null, ["rejected"] = null, ["kto_tag"] = null,
    };

    /// <summary>Fields and roles of messages, with their names where the entry has no <c>tags</c>.</summary>
    private static readonly Dictionary<string, string?> _tags = new(StringComparer.Ordinal)
    {
        ["role_tag"] = "from", ["content_tag"] = "value", ["user_tag"] = "human", ["assistant_tag"] = "gpt", ["observation_tag"] = "observation", ["function_tag"] = "function_call", ["system_tag"] = "system",
    };

    /// <summary>The name of a column or tag, or null where it has none.</summary>
    public string? this[string key] => Columns[key];

    /// <summary>The entries of a file, by their names.</summary>
    /// <exception cref="DatasetException">It is no such file.</exception>
    public static IReadOnlyDictionary<string, DatasetInfoEntry> Load(string path)
    {
        try
        {
            return FileText.ReadJson(path, 16 << 20).EnumerateObject().ToDictionary(entry => entry.Name, entry => Parse(path, entry.Name, entry.Value), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            throw new DatasetException($"{path}: does not register data sets: {e.Message}", e);
        }
    }

    private static DatasetInfoEntry Parse(string path, string name, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw new DatasetException($"{path}: {name} is no object");
        string? Text(string key) => entry.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        var (place, reference) = (Text("hf_hub_url"), Text("ms_hub_url"), Text("om_hub_url"), Text("script_url"), Text("cloud_file_name"), Text("file_name")) switch
        {
            ({ } hub, _, _, _, _, _) => (DatasetPlace.HuggingFace, hub),
            (_, { } hub, _, _, _, _) => (DatasetPlace.ModelScope, hub),
            (_, _, { } hub, _, _, _) => (DatasetPlace.Modelers, hub),
            (_, _, _, { } script, _, _) => (DatasetPlace.Script, script),
            (_, _, _, _, { } cloud, _) => (DatasetPlace.Cloud, cloud),
            (_, _, _, _, _, { } file) => (DatasetPlace.File, file),
            _ => throw new DatasetException($"{path}: {name} names no place of its rows: file_name, hf_hub_url or another"),
        };
        return new DatasetInfoEntry(
            name, place, reference, Text("formatting") ?? "alpaca", entry.TryGetProperty("ranking", out var ranking) && ranking.ValueKind == JsonValueKind.True, Text("subset"), Text("split") ?? "train", Text("folder"),
            entry.TryGetProperty("num_samples", out var samples) && samples.TryGetInt32(out var count) ? count : null, Named(entry));
    }

    // Where the block is there, what it does not name has no column: the defaults stand for all of it or nothing.
    private static Dictionary<string, string?> Named(JsonElement entry)
    {
        var named = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (block, defaults) in new[] { ("columns", _columns), ("tags", _tags) })
        {
            var given = entry.TryGetProperty(block, out var value) && value.ValueKind == JsonValueKind.Object;
            foreach (var (key, name) in defaults) named[key] = !given ? name : value.TryGetProperty(key, out var other) && other.ValueKind == JsonValueKind.String ? other.GetString() : null;
        }
        return named;
    }
}
