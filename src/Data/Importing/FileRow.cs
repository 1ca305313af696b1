using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Files.Json;

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

    /// <summary>A row of a value that has been parsed; refused by the rules of <see cref="StrictJson"/>.</summary>
    internal static FileRow Of(int number, int? line, JsonElement value, SourceEncoding encoding)
        => StrictJson.Check(JsonMarshal.GetRawUtf8Value(value), JsonRecords.DeepestNesting) is { } fault
            ? new FileRow(number, line, null, fault.Kind == JsonFaultKind.NotUtf8 ? encoding.Mistake(JsonMarshal.GetRawUtf8Value(value)) : fault.What)
            : new FileRow(number, line, value, null);
}
