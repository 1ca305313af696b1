using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace AlpacaCot.Data.Importing;

/// <summary>One row of a file: its JSON value, or what is wrong with it.</summary>
/// <param name="Number">The row in its file, from 1.</param>
/// <param name="Line">The line that it begins on, from 1, where the form has one row a line; else null.</param>
/// <param name="Value">The value; null where there is a mistake.</param>
/// <param name="Mistake">What is wrong, or null.</param>
public readonly record struct FileRow(int Number, int? Line, JsonElement? Value, string? Mistake)
{
    /// <summary>Where the row stands, for messages.</summary>
    public string Place => Line is { } line ? $"row {Number}, line {line}" : $"row {Number}";

    /// <summary>A row of a value that has been parsed; refused where its bytes are no text or an object in it has one key twice.</summary>
    internal static FileRow Of(int number, int? line, JsonElement value)
        => MistakeOf(value) is { } mistake ? new FileRow(number, line, null, mistake) : new FileRow(number, line, value, null);

    private static string? MistakeOf(JsonElement value)
        => Utf8.IsValid(JsonMarshal.GetRawUtf8Value(value)) ? Twice(value) : "is not valid UTF-8; save the file as UTF-8";

    // Readers that take the last of two equal keys lose a value without a word.
    private static string? Twice(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                if (Twice(item) is { } inside) return inside;
            return null;
        }
        if (value.ValueKind != JsonValueKind.Object) return null;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in value.EnumerateObject())
        {
            string name;
            try
            {
                name = field.Name;
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair, which the reader meets only when it reads the name.
                return "a field's name is not valid text";
            }
            if (!names.Add(name)) return $"has the key {name} twice; keep one";
            if (Twice(field.Value) is { } inside) return inside;
        }
        return null;
    }
}
