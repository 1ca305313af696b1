using AlpacaCot.Data.Cot;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// Chain-of-thought formatting of records with a rationale: one pair of question and answer form of the record's set (<see cref="CotTemplates"/>), drawn per
/// row under a seed, or one of the forms with turned roles (<see cref="CotInversions"/>).
/// </summary>
public static class RationaleFormatter
{
    /// <summary>The sentences that may be drawn where a cue is <see cref="CueUse.Flan"/> or <see cref="CueUse.FlanChinese"/>.</summary>
    public static IReadOnlyList<string> Cues => CotTemplates.Cues;

    /// <summary>The record as it is taught, and the cue that was put into its instruction, if any. One without a rationale, or without a separate answer, is returned as it is, but for a cue that is one text.</summary>
    /// <param name="record">The record.</param>
    /// <param name="use">Answer alone, rationale and answer, or turned roles.</param>
    /// <param name="cue">The cue of its source: one text is appended to every record, drawn ones come to those whose rationale is taught.</param>
    /// <param name="seed">Seed of the draw; with the record's source and row it gives the same forms every time.</param>
    public static (InstructionRecord Record, string? Cue) Apply(InstructionRecord record, RationaleUse use, TrainingCue cue, long seed)
    {
        var language = cue.Use == CueUse.FlanChinese ? "zh" : null;
        var reasoned = use != RationaleUse.Answer && !string.IsNullOrWhiteSpace(record.Rationale) && !string.IsNullOrWhiteSpace(record.Answer);
        var (taught, form) = (record, (CotTemplate?)null);
        if (reasoned && use == RationaleUse.Inversion) taught = Inverted(record, language, seed);
        else if (reasoned)
        {
            // The pair is drawn whether its question is used or not, so that a cue changes no answer.
            var pairs = CotTemplates.Of(record.Source, language);
            form = pairs[SeededRandom.For(seed, "rationale:" + record.Source, record.Row).Next(pairs.Count)];
            taught = record with { Output = form.Reply(record.Rationale!, record.Answer!) };
        }
        if (cue is { Use: CueUse.Text, Text: { } text }) return (taught with { Instruction = CotCue.Append(taught.Instruction, text) }, text);
        if (cue.Use is not (CueUse.Flan or CueUse.FlanChinese) || form is null) return (taught, null);
        return (taught with { Instruction = form.Ask(record.Instruction) }, form.Cue);
    }

    // What was asked about stands with the question: an input of its own would give it away where it is to be found.
    private static InstructionRecord Inverted(InstructionRecord record, string? language, long seed)
    {
        var forms = CotInversions.Of(language);
        var (asked, answered) = forms[SeededRandom.For(seed, "inversion:" + record.Source, record.Row).Next(forms.Count)];
        var question = record.Input.Length > 0 ? $"{record.Instruction}\n{record.Input}" : record.Instruction;
        string Filled(string form) => CotTemplate.Fill(form, ("{question}", question), ("{answer}", record.Answer!), ("{cot}", record.Rationale!.Trim()));
        return record with { Instruction = Filled(asked), Input = "", Output = Filled(answered) };
    }
}
