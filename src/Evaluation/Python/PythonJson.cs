using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Tokenizers;

namespace AlpacaCot.Evaluation.Python;

/// <summary>
/// <c>json.dumps(value, ensure_ascii=False)</c> byte for byte, with and without indentation: lm-eval's files and hashes are made of it. Only where Python
/// writes NaN or Infinity, which no other reader of JSON takes, is a number null.
/// </summary>
internal static class PythonJson
{
    /// <summary>Writes a value; <paramref name="indent"/> null puts all on one line with <c>", "</c> and <c>": "</c>.</summary>
    public static string Dumps(JsonNode? node, int? indent = null)
    {
        var builder = new StringBuilder();
        Write(builder, node, indent, 0);
        return builder.ToString();
    }

    /// <summary><c>str(value)</c> of a string, number, boolean or null.</summary>
    public static string Str(JsonNode? node) => node switch
    {
        null => "None",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value when value.GetValueKind() == JsonValueKind.True => "True",
        JsonValue value when value.GetValueKind() == JsonValueKind.False => "False",
        JsonValue value => Number(value),
        _ => Dumps(node),
    };

    /// <summary>SHA-256 (hex) of a text's UTF-8 bytes.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Write(StringBuilder to, JsonNode? node, int? indent, int depth)
    {
        switch (node)
        {
            case null:
                to.Append("null");
                break;
            case JsonObject items:
                Sequence(to, '{', '}', items.Count, indent, depth, (i, d) =>
                {
                    String(to, items.GetAt(i).Key);
                    to.Append(": ");
                    Write(to, items.GetAt(i).Value, indent, d);
                });
                break;
            case JsonArray items:
                Sequence(to, '[', ']', items.Count, indent, depth, (i, d) => Write(to, items[i], indent, d));
                break;
            case JsonValue value:
                switch (value.GetValueKind())
                {
                    case JsonValueKind.String: String(to, value.GetValue<string>()); break;
                    case JsonValueKind.True: to.Append("true"); break;
                    case JsonValueKind.False: to.Append("false"); break;
                    case JsonValueKind.Null: to.Append("null"); break;
                    default: to.Append(Number(value) switch { "nan" or "inf" or "-inf" => "null", var n => n }); break;
                }
                break;
        }
    }

    private static void Sequence(StringBuilder to, char open, char close, int count, int? indent, int depth, Action<int, int> item)
    {
        to.Append(open);
        for (var i = 0; i < count; i++)
        {
            if (i > 0) to.Append(indent is null ? ", " : ",");
            NewLine(to, indent, depth + 1);
            item(i, depth + 1);
        }
        if (count > 0) NewLine(to, indent, depth);
        to.Append(close);
    }

    private static void NewLine(StringBuilder to, int? indent, int depth)
    {
        if (indent is { } spaces) to.Append('\n').Append(' ', spaces * depth);
    }

    /// <summary>Integers as they are, floats as <c>repr</c>: a number that was written with a point or an exponent is a float.</summary>
    private static string Number(JsonValue value)
    {
        if (value.TryGetValue<JsonElement>(out var element))
        {
            var raw = element.GetRawText();
            return raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0 ? raw : PythonValues.Repr(element.GetDouble());
        }
        if (value.TryGetValue<double>(out var number)) return PythonValues.Repr(number);
        if (value.TryGetValue<float>(out var single)) return PythonValues.Repr(single);
        return Convert.ToString(value.GetValue<object>(), CultureInfo.InvariantCulture)!;
    }

    private static void String(StringBuilder to, string text)
    {
        to.Append('"');
        foreach (var c in text)
        {
            switch (c)
            {
                case '"': to.Append("\\\""); break;
                case '\\': to.Append("\\\\"); break;
                case '\n': to.Append("\\n"); break;
                case '\r': to.Append("\\r"); break;
                case '\t': to.Append("\\t"); break;
                case '\b': to.Append("\\b"); break;
                case '\f': to.Append("\\f"); break;
                case < ' ': to.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default: to.Append(c); break;
            }
        }
        to.Append('"');
    }
}
