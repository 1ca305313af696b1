using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>What is wrong with a JSON text, in words for whoever wrote the text and not for whoever calls the reader.</summary>
public static class JsonProblem
{
    // The reader's own messages name its options and end with " LineNumber: … | BytePositionInLine: …".
    private static readonly (string Said, string Meant)[] _meanings =
    [
        ("trailing comma", "a comma stands before a closing bracket: remove it"),
        ("Duplicate property", "one key stands twice in one object"),
        ("end of the data", Ends),
        ("end of data", Ends),
        ("end of string", Ends),
        ("incomplete", Ends),
        ("depth to be zero", Ends),
        ("does not contain any JSON tokens", "there is nothing"),
        ("after a single JSON value", "more text follows the value"),
        ("after parsing", "more text follows the value"),
        ("more text follows", "more text follows the closing bracket"),
        ("maximum configured depth", "objects stand inside one another too deeply"),
        ("invalid escapable character", "a backslash stands before a character that it cannot stand before"),
        ("invalid within a JSON string", "a text holds a raw line break or control character: write \\n"),
        ("start of a property name", "a key in double quotes is expected"),
        ("comments are not allowed", "JSON has no comments"),
    ];

    private const string Ends = "it ends too early: a quote or a bracket is not closed";

    /// <summary>One sentence without a full stop, without the place.</summary>
    public static string Describe(JsonException problem)
    {
        foreach (var (said, meant) in _meanings)
            if (problem.Message.Contains(said, StringComparison.OrdinalIgnoreCase)) return meant;
        var end = problem.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        if (end < 0) end = problem.Message.IndexOf(" Path:", StringComparison.Ordinal);
        return (end < 0 ? problem.Message : problem.Message[..end]).Trim().TrimEnd('.');
    }

    /// <summary>Whether the text was cut off rather than written wrongly.</summary>
    internal static bool EndsEarly(JsonException problem) => Describe(problem) == Ends;
}
