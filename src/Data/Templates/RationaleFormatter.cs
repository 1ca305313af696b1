using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// Chain-of-thought formatting of records with a rationale: one answer form, drawn per row under a seed, and one question form where cues are drawn. The answer always
/// puts the rationale first and the answer last; the weights of the closing sentences are those of FLAN's 100 pairs. The question forms are ours.
/// </summary>
public static class RationaleFormatter
{
    private static readonly string[] _cuesAfter =
    [
        "Let's think step by step.",
        "Reason step by step, then answer.",
        "Think it through first and then decide.",
        "Explain your reasoning before you give the answer.",
        "Work it out carefully. What is the answer?",
        "Give the rationale first, then the answer.",
    ];

    private static readonly string[] _cuesBefore =
    [
        "Answer this question and show how you get there. ",
        "Think step by step about the following question.\n",
        "Consider the question with care and explain your answer.\n",
        "Here is a question that needs some thought: ",
    ];

    private static readonly (string Closing, int Weight)[] _answers =
    [
        ("\nTherefore, the answer is {0}.", 8),
        ("\nThe final answer: {0}.", 8),
        ("\nThe answer: {0}.", 7),
        ("\nThus, the answer is {0}.", 7),
        ("\nSo, the answer is {0}.", 7),
        ("\nSo, the final answer is {0}.", 6),
        ("\nThe answer is {0}.", 1),
        (" So, the answer is {0}.", 8),
        (" The answer is {0}.", 8),
        (" So the final answer is {0}.", 7),
        (" Final answer: {0}.", 7),
        (" So the answer is {0}.", 7),
        (" The answer: {0}.", 7),
        (" The final answer: {0}.", 6),
        (" Therefore, the final answer is {0}.", 6),
    ];

    private static readonly int _answerWeight = _answers.Sum(answer => answer.Weight);

    /// <summary>The sentences that are drawn from where a cue is <see cref="CueUse.Flan"/>.</summary>
    public static IReadOnlyList<string> Cues { get; } = [.. _cuesAfter, .. _cuesBefore.Select(cue => cue.Trim())];

    /// <summary>The record as it is taught, and the cue that was put into its instruction, if any. One without a rationale, or without a separate answer, is returned as it is, but for a cue that is one text.</summary>
    /// <param name="record">The record.</param>
    /// <param name="use">Answer alone, or rationale and answer.</param>
    /// <param name="cue">The cue of its source: one text is appended to every record, drawn ones come to those whose rationale is taught.</param>
    /// <param name="seed">Seed of the draw; with the record's source and row it gives the same forms every time.</param>
    public static (InstructionRecord Record, string? Cue) Apply(InstructionRecord record, RationaleUse use, TrainingCue cue, long seed)
    {
        if (cue is { Use: CueUse.Text, Text: { } text })
            return (Reasoned(record with { Instruction = CotCue.Append(record.Instruction, text) }, use, seed, out _), text);
        var taught = Reasoned(record, use, seed, out var form);
        if (cue.Use != CueUse.Flan || form is not { } drawn) return (taught, null);
        return (taught with { Instruction = drawn < _cuesAfter.Length ? CotCue.Append(record.Instruction, _cuesAfter[drawn]) : _cuesBefore[drawn - _cuesAfter.Length] + record.Instruction }, Cues[drawn]);
    }

    /// <summary>The record with its rationale before its answer, where it has both and they are taught.</summary>
    /// <param name="record">The record.</param>
    /// <param name="use">Answer alone, or rationale and answer.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <param name="form">The number of the question form that was drawn; null where no rationale is taught. It is drawn whether it is used or not, so that a cue changes no answer.</param>
    private static InstructionRecord Reasoned(InstructionRecord record, RationaleUse use, long seed, out int? form)
    {
        form = null;
        if (use == RationaleUse.Answer || string.IsNullOrWhiteSpace(record.Rationale) || string.IsNullOrWhiteSpace(record.Answer)) return record;
        var random = SeededRandom.For(seed, "rationale:" + record.Source, record.Row);
        form = random.Next(Cues.Count);
        return record with { Output = record.Rationale.TrimEnd() + Closing(random).Replace("{0}", record.Answer, StringComparison.Ordinal) };
    }

    private static string Closing(SeededRandom random)
    {
        var at = random.Next(_answerWeight);
        foreach (var (closing, weight) in _answers)
        {
            if (at < weight) return closing;
            at -= weight;
        }
        throw new InvalidOperationException("the weights do not add up");
    }
}
