using System.Text.Json;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>Reads one component of a tokenizer.json with errors that name it.</summary>
internal readonly record struct Part(JsonElement Json, string Kind)
{
    /// <summary>The component's type.</summary>
    public string Type => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
        ? type.GetString()!
        : throw new TokenizerException($"tokenizer.json: a {Kind} without a type");

    /// <summary>Whether a value is there and not null.</summary>
    public bool Has(string name) => Json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A value, or an error that names what is missing.</summary>
    public JsonElement Get(string name) => Has(name) ? Json.GetProperty(name) : throw new TokenizerException($"tokenizer.json: the {Kind} has no {name}");

    public string Text(string name) => Get(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(name, "a string");

    public string? TextOrNull(string name) => Has(name) ? Text(name) : null;

    public bool Flag(string name, bool otherwise) => !Has(name) ? otherwise : Get(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
        ? value.GetBoolean()
        : throw Wrong(name, "true or false");

    public int Number(string name, int otherwise) => !Has(name) ? otherwise
        : Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number
        : throw Wrong(name, "a number");

    /// <summary>The parts of a list.</summary>
    public IEnumerable<Part> List(string name, string kind) => Get(name) is { ValueKind: JsonValueKind.Array } value
        ? value.EnumerateArray().Select(item => new Part(item, kind))
        : throw Wrong(name, "a list");

    private TokenizerException Wrong(string name, string expected) => new($"tokenizer.json: {name} of the {Kind} is not {expected}");
}
