using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Models;

/// <summary>How JSON files are read and written.</summary>
internal static class JsonText
{
    /// <summary>Indented, with text as it is.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A file's text, by the rules of <see cref="FileText"/>.</summary>
    /// <exception cref="ModelException">It cannot be read, or is no text.</exception>
    public static string Read(string path)
    {
        try
        {
            return FileText.Read(path);
        }
        catch (InvalidDataException e)
        {
            throw new ModelException(e.Message, e);
        }
    }
}
