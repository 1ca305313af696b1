namespace AlpacaCot.Data;

/// <summary>
/// The record that everything is taught from: turns with roles, each learnt or not. Instruction rows, rows with a rationale, ShareGPT and OpenAI messages are ways to make one;
/// templates, masks and the token cache follow from it.
/// </summary>
/// <param name="Turns">The turns in their order; a system turn stands first, if there is one.</param>
/// <param name="Source">The set or file that it comes from.</param>
/// <param name="Row">The row in that source, from 1.</param>
public sealed record Conversation(IReadOnlyList<Turn> Turns, string Source, int Row)
{
    /// <summary>The tools that the assistant may call, as JSON; empty where there are none.</summary>
    public string Tools { get; init; } = "";

    /// <summary>The reasoning that leads to the last answer, where the set has one apart from it.</summary>
    public string? Rationale { get; init; }

    /// <summary>The final answer alone, where the set has one.</summary>
    public string? Answer { get; init; }

    /// <summary>The answer that was liked less, of a preference pair; it is not learnt.</summary>
    public string? Rejected { get; init; }

    /// <summary>The system text; empty where there is none.</summary>
    public string System => Turns.Count > 0 && Turns[0].Role == TurnRole.System ? Turns[0].Text : "";

    /// <summary>What the last answer is asked for.</summary>
    public string Instruction => Question?.Text ?? "";

    /// <summary>What it is asked about; empty where there is none.</summary>
    public string Input => Question?.Input ?? "";

    /// <summary>The last answer.</summary>
    public string Output => Turns.LastOrDefault(turn => turn.Role == TurnRole.Assistant)?.Text ?? "";

    /// <summary>Whether it is one question and its answer and nothing else.</summary>
    public bool IsSingle => Turns is [{ Role: TurnRole.User }, { Role: TurnRole.Assistant }] && Tools.Length == 0;

    /// <summary>Whether both say the same; turns are compared one by one.</summary>
    public bool Equals(Conversation? other)
        => other is not null && Turns.SequenceEqual(other.Turns)
        && (Source, Row, Tools, Rationale, Answer, Rejected) == (other.Source, other.Row, other.Tools, other.Rationale, other.Answer, other.Rejected);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Row, Turns.Count, Output);

    private Turn? Question
    {
        get
        {
            var end = Turns.Count - 1;
            while (end >= 0 && Turns[end].Role != TurnRole.Assistant) end--;
            for (var at = end - 1; at >= 0; at--)
                if (Turns[at].Role == TurnRole.User) return Turns[at];
            return null;
        }
    }

    /// <summary>The conversation of an instruction and its answer, which is learnt.</summary>
    public static Conversation Of(InstructionRecord record)
        => new([new Turn(TurnRole.User, record.Instruction) { Input = record.Input }, new Turn(TurnRole.Assistant, record.Output) { Learned = true }], record.Source, record.Row)
        {
            Rationale = record.Rationale, Answer = record.Answer,
        };

    /// <summary>The same as an instruction and its answer; null where it is more than that.</summary>
    public InstructionRecord? AsInstruction()
        => IsSingle && Rejected is null && Turns[1] is { Learned: true, IsCall: false } ? new InstructionRecord(Instruction, Input, Output, Rationale, Answer, Source, Row) : null;
}
