using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Adapters;

/// <summary>Writes a configuration as Python's <c>json.dumps(indent=2, sort_keys=True)</c> does.</summary>
internal static class ConfigWriter
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(SortedDictionary<string, JsonNode?> fields)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options)) Write(writer, fields);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>A Python float: always with a point or an exponent.</summary>
    public static JsonNode Float(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return JsonNode.Parse(text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0")!;
    }

    /// <summary>An integer where the value is one, else a float (alpha is written as it was given).</summary>
    public static JsonNode Number(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e15 ? (long)value : Float(value);

    public static JsonNode? Modules(ModuleSelection? modules)
        => modules is null ? null : modules.Pattern is { } pattern ? pattern : new JsonArray([.. modules.Names!.Select(name => (JsonNode)name)]);

    public static JsonNode? OneOrMany<T>(OneOrMany<T>? values) => values switch
    {
        null => null,
        { Single: true } => JsonValue.Create(values.Values[0]),
        _ => new JsonArray([.. values.Values.Select(value => (JsonNode?)JsonValue.Create(value))]),
    };

    public static JsonNode Numbers(IReadOnlyList<KeyValuePair<string, double>> numbers)
        => new JsonObject(numbers.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Number(pair.Value))));

    private static void Write(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, JsonNode?>> fields)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in fields.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(key);
            if (value is JsonObject map) Write(writer, map);
            else if (value is null) writer.WriteNullValue();
            else value.WriteTo(writer);
        }
        writer.WriteEndObject();
    }
}
