using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Specs.Keys;

/// <summary>
/// JSON in one form only: keys in ordinal order, no blanks, shortest numbers. Equal content has equal bytes, so hashes of it are keys.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The canonical text of a node.</summary>
    public static string Write(JsonNode? node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, node);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>SHA-256 of the canonical text, in lower-case hex.</summary>
    public static string Hash(JsonNode? node) => HashText(Write(node));

    internal static string HashText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(key);
                    Write(writer, value);
                }
                writer.WriteEndObject();
                break;
            case JsonArray list:
                writer.WriteStartArray();
                foreach (var item in list) Write(writer, item);
                writer.WriteEndArray();
                break;
            case null: writer.WriteNullValue(); break;
            default: Scalar(writer, node.AsValue()); break;
        }
    }

    /// <summary>16, 16.0 and 1.6e1 are the same number, so they must be the same text.</summary>
    private static void Scalar(Utf8JsonWriter writer, JsonValue value)
    {
        if (value.GetValueKind() != JsonValueKind.Number) value.WriteTo(writer);
        else
        {
            var number = double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
            if (number == Math.Floor(number) && Math.Abs(number) < 1e15) writer.WriteNumberValue((long)number);
            else writer.WriteNumberValue(number);
        }
    }
}
