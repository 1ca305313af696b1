using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Models.Families;

/// <summary>Reads typed keys of a <c>config.json</c>; an absent key and null are the same; errors name the file and the key.</summary>
internal sealed class ConfigKeys(JsonObject json, string file)
{
    /// <summary>
    /// Most of anything that a configuration counts: blocks, heads, widths, rows. Several times what the largest published models have, and few enough that
    /// what is made for each before the weights are looked at fits into any memory. Positions are only compared with, so they may be any number.
    /// </summary>
    public const int MostOfAnything = 1 << 24;

    /// <summary>Most ids of one key; published models list a handful of end tokens.</summary>
    private const int MostIds = 1024;

    private static readonly (string Name, ScalarType Type)[] Types =
        [("float32", ScalarType.Float32), ("bfloat16", ScalarType.BFloat16), ("float16", ScalarType.Float16), ("float64", ScalarType.Float64)];

    /// <summary>Parses a JSON object.</summary>
    /// <exception cref="ModelException">It is none.</exception>
    public static ConfigKeys Parse(string json, string file)
    {
        try
        {
            return new ConfigKeys(StrictJson.ParseObject(json, file), file);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
    }

    /// <summary>The object itself.</summary>
    public JsonObject Json => json;

    /// <summary>The name of a type as transformers writes it.</summary>
    public static string NameOf(ScalarType type) => Types.First(t => t.Type == type).Name;

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => json[key] is not null;

    /// <summary>Whether the key is left out, which for some keys is not the same as null.</summary>
    public bool IsAbsent(string key) => !json.ContainsKey(key);

    /// <summary>The first of several names for one key that is there; the first of all where none is.</summary>
    public string First(params string[] names) => Array.Find(names, Has) ?? names[0];

    public ModelException Error(string key, string cause) => new($"{file}: {key} {cause}");

    /// <summary>A nested object, or null.</summary>
    public ConfigKeys? Object(string key) => json[key] switch
    {
        null => null,
        JsonObject nested => new ConfigKeys(nested, $"{file}: {key}"),
        _ => throw Error(key, "is not an object"),
    };

    public string Text(string key) => OptionalText(key) ?? throw Error(key, "is missing");

    public string? OptionalText(string key) => Value<string>(key, "a text");

    /// <summary>A positive number of something.</summary>
    public int Count(string key) => OptionalCount(key) ?? throw Error(key, "is missing");

    public int Count(string key, int otherwise) => OptionalCount(key) ?? otherwise;

    public int? OptionalCount(string key)
    {
        if (!Has(key)) return null;
        var (number, most) = (Real(key), key.Contains("position", StringComparison.Ordinal) ? int.MaxValue : MostOfAnything);
        return number >= 1 && number <= most && number == Math.Floor(number) ? (int)number : throw Error(key, FormattableString.Invariant($"is {number:R}; a whole number from 1 to {most} is needed"));
    }

    public double Real(string key) => OptionalReal(key) ?? throw Error(key, "is missing");

    public double Real(string key, double otherwise) => OptionalReal(key) ?? otherwise;

    public double? OptionalReal(string key)
    {
        if (!Has(key)) return null;
        return json[key] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<double>(out var number) && double.IsFinite(number)
            ? number
            : throw Error(key, "is not a number");
    }

    /// <summary>A list of so many positive numbers.</summary>
    public IReadOnlyList<double> Divisors(string key, int count)
    {
        if (json[key] is not JsonArray list || list.Count != count) throw Error(key, $"is not a list of {count} numbers");
        return [.. list.Select(node => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<double>(out var number) && number > 0 && double.IsFinite(number)
            ? number
            : throw Error(key, "holds what is no positive number"))];
    }

    public bool Flag(string key, bool otherwise) => Has(key)
        ? json[key]!.GetValueKind() switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => throw Error(key, "is neither true nor false") }
        : otherwise;

    /// <summary>A token id or a list of them; empty where absent.</summary>
    public IReadOnlyList<int> Ids(string key) => json[key] switch
    {
        null => [],
        JsonArray { Count: > MostIds } list => throw Error(key, $"lists {list.Count} ids, more than {MostIds}"),
        JsonArray list => [.. list.Select(node => Id(key, node))],
        var node => [Id(key, node)],
    };

    /// <summary>The row of an embedding of so many that <c>pad_token_id</c> names, counted from the end where it is negative; the family's where the key is left out.</summary>
    public int? PaddingRow(int rows, int? absent)
    {
        var id = IsAbsent("pad_token_id") ? absent : Id("pad_token_id");
        var row = id < 0 ? rows + id : id;
        return row >= 0 && row < rows ? row : null;
    }

    public int? Id(string key) => Ids(key) is [var id, ..] ? id : null;

    /// <summary>The weights' type: <c>dtype</c> (transformers 5) or <c>torch_dtype</c>.</summary>
    public ScalarType Dtype()
    {
        var key = Has("dtype") ? "dtype" : "torch_dtype";
        if (OptionalText(key) is not { } name) return ScalarType.Float32;
        var bare = name.StartsWith("torch.", StringComparison.Ordinal) ? name["torch.".Length..] : name;
        foreach (var (known, type) in Types)
            if (known == bare) return type;
        throw Error(key, $"is '{name}'; known are {string.Join(", ", Types.Select(t => t.Name))}");
    }

    private int Id(string key, JsonNode? node)
        => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<int>(out var id) ? id : throw Error(key, "is not a token id");

    private T? Value<T>(string key, string what) where T : class
        => json[key] is not { } node ? null : node is JsonValue value && value.TryGetValue<T>(out var typed) ? typed : throw Error(key, $"is not {what}");
}
