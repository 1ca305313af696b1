namespace AlpacaCot.Data;

/// <summary>One instruction and its answer, as a data set holds them, before any template.</summary>
/// <param name="Instruction">What is asked.</param>
/// <param name="Input">What it is asked about; empty where there is none.</param>
/// <param name="Output">What is answered.</param>
/// <param name="Rationale">The reasoning that leads to the answer, where the set has one apart from <paramref name="Output"/>.</param>
/// <param name="Answer">The final answer alone, where the set has one.</param>
/// <param name="Source">The set or file that the record comes from.</param>
/// <param name="Row">The row in that source, from 1.</param>
public sealed record InstructionRecord(
    string Instruction,
    string Input,
    string Output,
    string? Rationale,
    string? Answer,
    string Source,
    int Row);
