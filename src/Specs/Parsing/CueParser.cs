namespace AlpacaCot.Specs.Parsing;

/// <summary>Reads the cue of training prompts, in a sweep file and from the command line.</summary>
internal static class CueParser
{
    private const string Key = "training_cue";

    /// <summary>The cue; null where none is given.</summary>
    public static TrainingCue? TrainingCue(MapReader reader)
    {
        if (reader.Text(Key) is not { } text) return null;
        var cue = Specs.TrainingCue.Of(text);
        // One plain word is hardly a sentence that asks for thought, but may be one of the words written wrongly, which would be taught as it stands.
        if (cue.Use != CueUse.Text || !text.All(char.IsAsciiLetter)) return cue;
        reader.Error(Key, $"'{text}' is no sentence and no known word", Suggestions.For(text, Words.Cues.Select(known => known.Word)));
        return null;
    }

    /// <summary>The cue of asking is the axis <c>cot</c>'s; a source's own key says that it is about training.</summary>
    public static void RefuseAskingCue(MapReader reader)
    {
        if (reader.Node("cue") is { } node) reader.Log.Error(node.Mark, reader.At("cue"), "a source has no cue", $"write {Key} for its training prompts, or a cue under cot for asking");
    }
}
