using System.Text.Json;

namespace AlpacaCot.Data.Catalogue;

/// <summary>A JSON object read key by key; what is wrong in it, and every key that nobody asked for, is added to a list of mistakes.</summary>
internal sealed class StrictObject
{
    private readonly JsonElement _json;
    private readonly string _place;
    private readonly List<string> _mistakes;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public StrictObject(JsonElement json, string place, List<string> mistakes)
    {
        (_json, _place, _mistakes) = (json, place, mistakes);
        if (json.ValueKind != JsonValueKind.Object) mistakes.Add($"{place}: expected a mapping, found {json.GetRawText()}");
    }

    public string? Text(string key) => Get(key, JsonValueKind.String, "a text") is { } value ? value.GetString() : null;

    public double? Number(string key) => Get(key, JsonValueKind.Number, "a number") is { } value ? value.GetDouble() : null;

    public int? Integer(string key) => Get(key, JsonValueKind.Number, "a whole number") is not { } value ? null
        : value.TryGetInt32(out var integer) ? integer : Mistake<int>(key, "a whole number", value);

    public long? Long(string key) => Get(key, JsonValueKind.Number, "a whole number") is not { } value ? null
        : value.TryGetInt64(out var integer) ? integer : Mistake<long>(key, "a whole number", value);

    public bool? Flag(string key)
    {
        if (Find(key) is not { } value) return null;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Mistake<bool>(key, "true or false", value);
    }

    public JsonElement? Nested(string key) => Get(key, JsonValueKind.Object, "a mapping");

    public IEnumerable<JsonElement> Items(string key)
    {
        if (Find(key) is not { } value) return [];
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
    }

    /// <summary>A number, or a list of a lowest and a highest.</summary>
    public (int Low, int High)? IntegerRange(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var one)) return (one, one);
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _)))
            return (value[0].GetInt32(), value[1].GetInt32());
        return Mistake<(int, int)>(key, "a whole number or a list of two: lowest and highest", value);
    }

    public T? Choice<T>(string key, params (string Name, T Value)[] choices) where T : struct
        => Find(key) is { } value ? Choose(key, value, choices) : null;

    public IReadOnlyList<T>? Choices<T>(string key, (string Name, T Value)[] choices) where T : struct
        => Find(key) is null ? null : [.. Items(key).Select(item => Choose(key, item, choices)).OfType<T>().Distinct()];

    /// <summary>Reports the keys that were not asked for.</summary>
    public void Close()
    {
        if (_json.ValueKind != JsonValueKind.Object) return;
        foreach (var key in _json.EnumerateObject().Select(property => property.Name).Where(key => !_known.Contains(key)))
            _mistakes.Add($"{_place}.{key}: unknown key; known: {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
    }

    private T? Choose<T>(string key, JsonElement value, (string Name, T Value)[] choices) where T : struct
    {
        if (value.ValueKind == JsonValueKind.String)
            foreach (var (name, choice) in choices)
                if (value.ValueEquals(name)) return choice;
        return Mistake<T>(key, "one of " + string.Join(", ", choices.Select(choice => choice.Name)), value);
    }

    private JsonElement? Get(string key, JsonValueKind kind, string expected)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind == kind) return value;
        Mistake<int>(key, expected, value);
        return null;
    }

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        return _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private T? Mistake<T>(string key, string expected, JsonElement found) where T : struct
    {
        _mistakes.Add($"{_place}.{key}: expected {expected}, found {found.GetRawText()}");
        return null;
    }
}
