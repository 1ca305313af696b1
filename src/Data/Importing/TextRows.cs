using System.Text;
using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>Lines of a text file as rows with one field, <c>text</c>.</summary>
internal static class TextRows
{
    /// <summary>The lines, blank ones too, in the file's order.</summary>
    public static IEnumerable<FileRow> Read(string path)
    {
        using var stream = SourceText.Open(path);
        foreach (var (number, bytes) in SourceText.Lines(stream))
            yield return bytes is { } line ? new FileRow(number, number, JsonSerializer.SerializeToElement(new { text = Encoding.UTF8.GetString(line) }), null) : new FileRow(number, number, null, SourceText.TooLong);
    }
}
