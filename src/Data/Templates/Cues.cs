using AlpacaCot.Specs;

namespace AlpacaCot.Data.Templates;

/// <summary>Puts rationales and cues into conversations.</summary>
internal static class Cues
{
    /// <summary>The conversation as it is taught, and the cue that was put into it, if any. A question and its answer are formatted as <see cref="RationaleFormatter"/> does it; of others, a cue that is one text comes to every question.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="use">Answer alone, or rationale and answer.</param>
    /// <param name="cue">The cue of its source.</param>
    /// <param name="seed">Seed of what is drawn.</param>
    public static (Conversation Conversation, string? Cue) Apply(Conversation conversation, RationaleUse use, TrainingCue cue, long seed)
    {
        if (conversation.AsInstruction() is { } record)
        {
            var (taught, put) = RationaleFormatter.Apply(record, use, cue, seed);
            return (Conversation.Of(taught), put);
        }
        if (cue is not { Use: CueUse.Text, Text: { } text }) return (conversation, null);
        return (conversation with { Turns = [.. conversation.Turns.Select(turn => turn.Role == TurnRole.User ? turn with { Text = CotCue.Append(turn.Text, text) } : turn)] }, text);
    }
}
