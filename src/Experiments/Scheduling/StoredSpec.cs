using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Specs;

namespace AlpacaCot.Experiments.Scheduling;

/// <summary>
/// Reads the spec of a sweep's record. A record of an earlier version lacks keys whose meaning was another then; it is read as it was meant, so that a sweep that was begun with that
/// version goes on with the same trials and the same training prompts.
/// </summary>
internal static class StoredSpec
{
    private const string Cue = "cue", TrainingCue = "training_cue", Base = "base";

    /// <summary>The spec of a stored text.</summary>
    /// <exception cref="SweepException">The text is no valid spec.</exception>
    public static SweepSpec Read(string stored) => SweepDocument.ParseValid(Upgraded(stored));

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
