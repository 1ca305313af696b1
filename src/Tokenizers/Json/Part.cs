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
    public bool Has(string name) => Json.ValueKind == JsonValueKind.Object
        ? Json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
        : throw new TokenizerException($"tokenizer.json: the {Kind} is not an object");

    /// <summary>A value, or an error that names what is missing.</summary>
    public JsonElement Get(string name) => Has(name) ? Json.GetProperty(name) : throw new TokenizerException($"tokenizer.json: the {Kind} has no {name}");

    public string Text(string name) => Get(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(name, "a string");

    public string? TextOrNull(string name) => Has(name) ? Text(name) : null;

    /// <summary>Text that is put in a text's place or in front of it.</summary>
    public string Token(string name) => TokenizerLimits.Token(Text(name));

    /// <summary>Exactly one character of the basic plane.</summary>
    public char Character(string name, char otherwise)
        => TextOrNull(name) is not { } text ? otherwise : text.Length == 1 ? text[0] : throw new UnsupportedTokenizerException($"the {Kind}'s {name} '{text}'", "one character of the basic plane");

    /// <summary>The items of a list.</summary>
    public IEnumerable<JsonElement> Items(string name) => Get(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw Wrong(name, "a list");

    /// <summary>A component under a name, bounded with all that is inside it.</summary>
    public Part Component(string name, int most)
    {
        var component = new Part(Get(name), name.Replace('_', '-'));
        var objects = Objects(component.Json, most);
        return objects <= most ? component : throw new TokenizerException($"tokenizer.json: the {component.Kind} has more than {most} parts");
    }

    public bool Flag(string name, bool otherwise) => !Has(name) ? otherwise : Get(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
        ? value.GetBoolean()
        : throw Wrong(name, "true or false");

    public int Number(string name, int otherwise) => !Has(name) ? otherwise
        : Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number
        : throw Wrong(name, "a number");

    /// <summary>The parts of a list.</summary>
    public IEnumerable<Part> List(string name, string kind) => Items(name).Select(item => new Part(item, kind));

    private static int Objects(JsonElement json, int most)
    {
        var count = json.ValueKind == JsonValueKind.Object ? 1 : 0;
        if (json.ValueKind == JsonValueKind.Array)
            foreach (var item in json.EnumerateArray())
                if ((count += Objects(item, most)) > most) break;
        if (json.ValueKind == JsonValueKind.Object)
            foreach (var item in json.EnumerateObject())
                if ((count += Objects(item.Value, most)) > most) break;
        return count;
    }

    private TokenizerException Wrong(string name, string expected) => new($"tokenizer.json: {name} of the {Kind} is not {expected}");
}
