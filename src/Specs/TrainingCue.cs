using System.Text.Json.Serialization;

namespace AlpacaCot.Specs;

/// <summary>Where the cues in training prompts come from.</summary>
public enum CueUse
{
    /// <summary><c>none</c>: nothing is put into a row.</summary>
    None,

    /// <summary><c>keep</c>: as <see cref="None"/>, and cues that the rows bring with them are meant, so that nothing is said of them.</summary>
    Keep,

    /// <summary>One text, appended to every instruction.</summary>
    Text,

    /// <summary><c>flan</c>: one of several sentences, drawn for each row whose rationale is taught, as the mixtures of FLAN do it, in forms that fit its set.</summary>
    Flan,

    /// <summary><c>flan_zh</c>: the same in Chinese.</summary>
    FlanChinese,
}

/// <summary>The thinking cue of a source's training prompts, the counterpart of <see cref="CotSpec.Cue"/> when asking.</summary>
/// <param name="Use">Where it comes from.</param>
/// <param name="Text">The text; null but for <see cref="CueUse.Text"/>.</param>
public sealed record TrainingCue(CueUse Use, string? Text = null)
{
    /// <summary>Nothing is put in: the default, since a cue that nobody asked for confounds the data with the way of asking.</summary>
    public static TrainingCue None { get; } = new(CueUse.None);

    /// <summary>A cue by its word in a sweep file, or the text itself.</summary>
    public static TrainingCue Of(string word)
        => Words.Cues.Where(known => known.Word == word).Select(known => new TrainingCue(known.Value)).FirstOrDefault() ?? new TrainingCue(CueUse.Text, word);

    /// <summary>As it is written in a sweep file.</summary>
    [JsonIgnore] public string Word => Text ?? Words.Cues.Of(Use);
}
