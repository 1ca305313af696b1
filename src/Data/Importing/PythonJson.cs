using System.Text;
using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>JSON as Python's <c>json.dumps(…, ensure_ascii=False)</c> writes it, which the models of other tools were taught with: a space after each comma and colon.</summary>
internal static class PythonJson
{
    /// <summary>The text of a list of values.</summary>
    public static string Dump(IEnumerable<JsonElement> values) => $"[{string.Join(", ", values.Select(Dump))}]";

    /// <summary>The text of a value.</summary>
    public static string Dump(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(", ", value.EnumerateObject().Select(member => $"{Quoted(member.Name)}: {Dump(member.Value)}"))}}}",
        JsonValueKind.Array => Dump(value.EnumerateArray()),
        JsonValueKind.String => Quoted(value.GetString()!),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        _ => value.GetRawText(),
    };

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        return quoted.Append('"').ToString();
    }
}
