using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>Lines of a text file as rows with one field, <c>text</c>.</summary>
internal static class TextRows
{
    /// <summary>The lines, blank ones too, in the file's order.</summary>
    public static IEnumerable<FileRow> Read(TextFile file)
    {
        using var stream = SourceText.Open(file);
        foreach (var (number, bytes) in SourceText.Lines(stream))
        {
            var (text, mistake) = SourceText.Decode(bytes, file.Encoding);
            yield return text is null ? new FileRow(number, number, null, mistake) : new FileRow(number, number, JsonSerializer.SerializeToElement(new { text }), null);
        }
    }
}
