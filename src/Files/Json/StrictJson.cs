using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Files.Json;

/// <summary>
/// The one reader of JSON that strangers wrote: configurations, tokenizers, indices, rows. It refuses what the library takes without a word or answers with an
/// exception of another type when the value is used: a key given twice, half a surrogate pair, numbers beyond a double, text that is no UTF-8. Every fault
/// has its line and column.
/// </summary>
public static class StrictJson
{
    /// <summary>Deepest nesting, the library's own limit: whatever walks a document may do so by recursion.</summary>
    public const int DeepestNesting = 64;

    /// <summary>Most values and keys of a document: the library keeps 12 bytes for each. The largest published tokenizer.json has 3 million.</summary>
    public const int MostValues = 20_000_000;

    /// <summary>Reads a text.</summary>
    /// <param name="utf8">The text as UTF-8, without a byte order mark.</param>
    /// <param name="name">What to call it in an error, the file's path.</param>
    /// <exception cref="InvalidDataException">Something is wrong with it; one line that names it and the place.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> utf8, string name)
    {
        if (Check(utf8) is { } fault) throw new InvalidDataException($"{name}: {fault}");
        return JsonElement.Parse(utf8, new JsonDocumentOptions { MaxDepth = DeepestNesting });
    }

    /// <summary>Reads a text that must hold an object.</summary>
    /// <param name="text">The text; a byte order mark in front is no part of it.</param>
    /// <param name="name">What to call it in an error, the file's path.</param>
    /// <exception cref="InvalidDataException">As <see cref="Parse"/>, or it holds something else.</exception>
    public static JsonObject ParseObject(string text, string name)
    {
        // Half a pair in the text itself becomes U+FFFD here, as in any text that was read from bytes.
        var root = Parse(Encoding.UTF8.GetBytes(text.StartsWith('\uFEFF') ? text[1..] : text), name);
        return root.ValueKind == JsonValueKind.Object ? JsonObject.Create(root)! : throw new InvalidDataException($"{name}: is not a JSON object");
    }

    /// <summary>The first thing that is wrong with a text; null where nothing is.</summary>
    /// <param name="utf8">The text as UTF-8, without a byte order mark.</param>
    /// <param name="deepest">Deepest nesting.</param>
    public static JsonFault? Check(ReadOnlySpan<byte> utf8, int deepest = DeepestNesting) => new JsonScan(utf8, deepest).Run();
}
