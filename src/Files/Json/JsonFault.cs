using System.Globalization;

namespace AlpacaCot.Files.Json;

/// <summary>The kinds of what can be wrong with a JSON text.</summary>
public enum JsonFaultKind
{
    /// <summary>Bytes that are no UTF-8.</summary>
    NotUtf8,

    /// <summary>No JSON.</summary>
    Syntax,

    /// <summary>JSON that is cut off.</summary>
    EndsEarly,

    /// <summary>Objects and lists inside one another, deeper than the limit.</summary>
    TooDeep,

    /// <summary>One key twice in an object.</summary>
    KeyTwice,

    /// <summary>Half a surrogate pair in a key or a text, which has no UTF-8.</summary>
    NoText,

    /// <summary>A number beyond what a double holds.</summary>
    NumberTooLarge,

    /// <summary>More values than the limit.</summary>
    TooManyValues,
}

/// <summary>The first thing that is wrong with a JSON text.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="What">A sentence about the text without its subject and without a full stop: <c>has the key r twice; keep one</c>.</param>
/// <param name="Line">Where, from 1.</param>
/// <param name="Column">The byte in that line, from 1.</param>
public sealed record JsonFault(JsonFaultKind Kind, string What, int Line, int Column)
{
    /// <summary>One line: <c>is not valid JSON: more text follows the value (line 3, column 1)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{What} (line {Line}, column {Column})");
}
