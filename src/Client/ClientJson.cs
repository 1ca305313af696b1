using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Client;

/// <summary>How JSON is printed.</summary>
internal static class ClientJson
{
    public static JsonSerializerOptions Options { get; } = new(Frames.Json) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print<T>(T document) => System.Console.Out.WriteLine(JsonSerializer.Serialize(document, Options));
}
