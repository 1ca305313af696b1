using System.Text;
using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>Files that are one JSON object with their rows inside, as task collections publish them.</summary>
internal static class ObjectFile
{
    /// <summary>The object; null where the file is something else, such as JSON lines.</summary>
    public static JsonElement? TryRead(TextFile file)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(RowFile.Text(file)), new JsonDocumentOptions { MaxDepth = JsonRecords.DeepestNesting });
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
