using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>
/// A spec in a sweep's record: in the words of the sweep file. A record of an earlier version holds it as a text, and may lack keys whose meaning was another then; it is read as it was meant,
/// so that a sweep that was begun with that version goes on with the same trials and the same training prompts.
/// </summary>
internal sealed class StoredSpec : JsonConverter<SweepSpec>
{
    private const string Cue = "cue", TrainingCue = "training_cue", Base = "base";
    private readonly SweepSpecConverter _written = new();

    /// <inheritdoc/>
    /// <exception cref="SweepException">It is no valid spec for this version.</exception>
    public override SweepSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var stored = reader.TokenType == JsonTokenType.String ? reader.GetString()! : JsonElement.ParseValue(ref reader).GetRawText();
        try
        {
            return SweepDocument.ParseValid(Upgraded(stored));
        }
        catch (SweepException e)
        {
            throw new SweepException($"the spec in the sweep's record is none for this version ({e.Message.ReplaceLineEndings("; ")}): finish the sweep with the version that made it, or run it under a new name", e);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SweepSpec value, JsonSerializerOptions options) => _written.Write(writer, value, options);

    private static string Upgraded(string stored)
    {
        JsonObject? spec;
        try
        {
            spec = JsonNode.Parse(stored) as JsonObject;
        }
        catch (JsonException)
        {
            // Whoever reads it says what is wrong.
            return stored;
        }
        // Every version that knows untuned bases writes whether there are any.
        if (spec is null || spec.ContainsKey(Base)) return stored;
        spec[Base] = false;
        foreach (var source in (spec["data"] as JsonArray ?? []).Select(data => data?["sources"] as JsonArray ?? []).SelectMany(sources => sources).OfType<JsonObject>())
        {
            // A row with a rationale got a drawn cue unless its source named one.
            source[TrainingCue] = source[Cue]?.DeepClone() ?? Words.Cues.Of(CueUse.Flan);
            source.Remove(Cue);
        }
        return spec.ToJsonString();
    }
}
