using System.Text.Json;
using System.Text.Json.Serialization;

namespace AlpacaCot.Specs;

/// <summary>A spec as JSON documents hold it: in the words of the sweep file (<see cref="SweepSpecJson"/>), and not by the names of the record's properties.</summary>
public sealed class SweepSpecConverter : JsonConverter<SweepSpec>
{
    /// <inheritdoc/>
    public override SweepSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => SweepDocument.ParseValid(JsonElement.ParseValue(ref reader).GetRawText());

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SweepSpec value, JsonSerializerOptions options) => SweepSpecJson.ToNode(value).WriteTo(writer);
}
