using System.Text.Encodings.Web;
using System.Text.Json;

namespace AlpacaCot.Models;

/// <summary>How JSON files are written.</summary>
internal static class JsonText
{
    /// <summary>Indented, with text as it is.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
