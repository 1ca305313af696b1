using System.Text.Json;

namespace AlpacaCot.Files.Json;

/// <summary>What is wrong with a JSON text, in words for whoever wrote the text and not for whoever calls the reader: the library's own words never reach a user.</summary>
public static class JsonProblem
{
    private const string Ends = "it ends too early: a quote or a bracket is not closed";
    private const string Deep = "objects stand inside one another too deeply";

    // Parts of the reader's messages. The first that fits counts, so that the end of the text comes before what was expected there.
    private static readonly (string Said, string Meant)[] _meanings =
    [
        ("trailing comma", "a comma stands before a closing bracket: remove it"),
        ("end of the data", Ends),
        ("reached end of data", Ends),
        ("end of string", Ends),
        ("incomplete", Ends),
        ("depth to be zero", Ends),
        ("does not contain any JSON tokens", "there is nothing"),
        ("after a single JSON value", "more text follows the value"),
        ("after parsing", "more text follows the value"),
        ("more text follows", "more text follows the closing bracket"),
        ("maximum configured depth", Deep),
        ("expected an array of rows", "a list of rows is expected"),
        ("invalid escapable character", "a backslash stands before a character that it cannot stand before"),
        ("not a hex digit", "four hexadecimal digits are expected after \\u"),
        ("invalid within a JSON string", "a text holds a raw line break or control character: write \\n"),
        ("start of a property name", "a key in double quotes is expected"),
        ("after a property name", "a colon is expected after a key"),
        ("start of a value", "a value is expected"),
        ("after a value", "a comma or a closing bracket is expected after a value"),
        ("invalid JSON literal", "a word is expected to be true, false or null"),
        ("number", "a number is not written as JSON writes it"),
        ("leading zero", "a number begins with a zero too many"),
        ("decimal point", "a number is not written as JSON writes it"),
        ("matching open", "a closing bracket has no opening one"),
        ("comments are not allowed", "JSON has no comments"),
    ];

    /// <summary>One sentence without a full stop, without the place.</summary>
    public static string Describe(JsonException problem)
    {
        foreach (var (said, meant) in _meanings)
            if (problem.Message.Contains(said, StringComparison.OrdinalIgnoreCase)) return meant;
        return "it cannot be read as JSON";
    }

    /// <summary>Whether the text was cut off rather than written wrongly.</summary>
    public static bool EndsEarly(JsonException problem) => Describe(problem) == Ends;

    internal static bool IsTooDeep(JsonException problem) => Describe(problem) == Deep;
}
