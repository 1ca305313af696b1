using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Evaluation.Harness;

/// <summary>The arguments of one filter step, read strictly: what is missing or of another type is an error before anything is asked.</summary>
internal sealed class FilterArguments
{
    private readonly JsonObject _step;

    /// <exception cref="EvaluationException">The step is no object or names no function.</exception>
    public FilterArguments(JsonNode? step)
    {
        _step = step as JsonObject ?? throw new EvaluationException($"a filter step is {step?.ToJsonString() ?? "null"}, expected an object with 'function'");
        Function = "filter step";
        Function = Text("function") ?? throw new EvaluationException("a filter step needs 'function'");
    }

    /// <summary>Name of the filter.</summary>
    public string Function { get; }

    /// <summary>A text, or null.</summary>
    public string? Text(string key) => Get(key, JsonValueKind.String, "a text")?.GetValue<string>();

    /// <summary>A whole number, or null.</summary>
    public int? Integer(string key)
    {
        if (Get(key, JsonValueKind.Number, "a whole number") is not { } value) return null;
        return value.TryGetValue<int>(out var number) ? number : throw Wrong(key, "a whole number");
    }

    /// <summary>True or false; false where it is not given.</summary>
    public bool Flag(string key)
    {
        if (_step[key] is not { } value) return false;
        return value.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? value.GetValue<bool>() : throw Wrong(key, "true or false");
    }

    /// <summary>A list of texts; none where it is not given.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        if (_step[key] is not { } value) return [];
        if (value is not JsonArray items || items.Any(item => item?.GetValueKind() != JsonValueKind.String)) throw Wrong(key, "a list of texts");
        return [.. items.Select(item => item!.GetValue<string>())];
    }

    /// <summary>A mapping of texts to texts.</summary>
    public IReadOnlyDictionary<string, string> Mapping(string key)
    {
        if (_step[key] is not JsonObject entries || entries.Any(entry => entry.Value?.GetValueKind() != JsonValueKind.String)) throw Wrong(key, "a mapping of texts to texts");
        return entries.ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<string>(), StringComparer.Ordinal);
    }

    /// <summary>An argument that cannot be used.</summary>
    public EvaluationException Wrong(string key, string expected) => new($"filter {Function}: '{key}' is {_step[key]?.ToJsonString() ?? "missing"}, expected {expected}");

    private JsonValue? Get(string key, JsonValueKind kind, string expected)
    {
        if (_step[key] is not { } value) return null;
        return value is JsonValue known && known.GetValueKind() == kind ? known : throw Wrong(key, expected);
    }
}
