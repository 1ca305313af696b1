using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tables;

/// <summary>A question about a table, or a statement on it.</summary>
/// <param name="Table">The table.</param>
/// <param name="Text">The question or the statement; empty where nothing is asked.</param>
/// <param name="Answers">The answer's values; of a statement <c>True</c> or <c>False</c>.</param>
/// <param name="Task">Question or statement.</param>
/// <param name="Row">Its row in its file, from 1.</param>
public sealed record TableQuestion(DataTable Table, string Text, IReadOnlyList<string> Answers, TableTask Task, int Row)
{
    /// <summary>The working that leads to the answer, where the set has one.</summary>
    public string? Working { get; init; }

    /// <summary>The options of a multiple-choice question.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];
}
