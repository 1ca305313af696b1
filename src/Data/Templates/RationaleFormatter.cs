using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Templates;

/// <summary>
/// Chain-of-thought formatting of records with a rationale: one question form and one answer form, drawn per row under a seed. The answer always
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

    /// <summary>The record as it is taught. One without a rationale, or without a separate answer, is returned as it is, but for the cue.</summary>
    /// <param name="record">The record.</param>
    /// <param name="use">Answer alone, or rationale and answer.</param>
    /// <param name="cue">A cue that takes the place of the drawn question form; appended to every record of its source.</param>
    /// <param name="seed">Seed of the draw; with the record's source and row it gives the same forms every time.</param>
    public static InstructionRecord Apply(InstructionRecord record, RationaleUse use, string? cue, long seed)
    {
        var reasoned = use == RationaleUse.RationaleThenAnswer && !string.IsNullOrWhiteSpace(record.Rationale) && !string.IsNullOrWhiteSpace(record.Answer);
        if (!reasoned) return cue is null ? record : record with { Instruction = CotCue.Append(record.Instruction, cue) };

        var random = SeededRandom.For(seed, "rationale:" + record.Source, record.Row);
        var form = random.Next(_cuesAfter.Length + _cuesBefore.Length);
        return record with
        {
            Instruction = cue is not null ? CotCue.Append(record.Instruction, cue)
                : form < _cuesAfter.Length ? CotCue.Append(record.Instruction, _cuesAfter[form])
                : _cuesBefore[form - _cuesAfter.Length] + record.Instruction,
            Output = record.Rationale!.TrimEnd() + Closing(random).Replace("{0}", record.Answer, StringComparison.Ordinal),
        };
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
