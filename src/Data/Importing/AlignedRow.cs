namespace AlpacaCot.Data.Importing;

/// <summary>A turn as LLaMA-Factory aligns it.</summary>
/// <param name="Role"><c>user, assistant, observation, function</c>.</param>
/// <param name="Content">Its text.</param>
internal readonly record struct AlignedTurn(string Role, string Content);

/// <summary>A row as LLaMA-Factory aligns it: the turns before the answer, the answer (two of a preference pair), and what stands beside them.</summary>
/// <param name="Prompt">The turns before the answer; none of a row that is skipped.</param>
/// <param name="Response">The answer; two of a preference pair, the better first.</param>
/// <param name="System">The system text.</param>
/// <param name="Tools">The tools, as JSON.</param>
/// <param name="Warnings">Why the row is skipped; none where it is not.</param>
internal sealed record AlignedRow(IReadOnlyList<AlignedTurn> Prompt, IReadOnlyList<AlignedTurn> Response, string? System, string? Tools, IReadOnlyList<string> Warnings)
{
    /// <summary>The row as a conversation. LLaMA-Factory learns every answer.</summary>
    /// <exception cref="RowException">The row is skipped, or is a text without an answer.</exception>
    public Conversation ToConversation(string source, int number)
    {
        if (Warnings.Count > 0) throw new RowException(string.Join("; ", Warnings));
        if (Response.Count == 0) throw new RowException("has no answer");
        // Of a rated answer the liked one stands first, or nothing does.
        var answer = Response[0].Content.Length > 0 || Response.Count == 1 ? Response[0] : throw new RowException("is an answer that was not liked, which teaches nothing");
        var turns = Prompt.Append(answer).Select(turn => new Turn(RoleOf(turn.Role), turn.Content) { IsCall = turn.Role == "function", Learned = turn.Role is "assistant" or "function" });
        return new Conversation(Turns.Learning([.. string.IsNullOrEmpty(System) ? [] : new[] { new Turn(TurnRole.System, System) }, .. turns]), source, number)
        {
            Tools = Tools is null || Tools.Trim() is "" or "[]" ? "" : Tools,
            Rejected = Response.Count > 1 && Response[1].Content.Length > 0 ? Response[1].Content : null,
        };
    }

    private static TurnRole RoleOf(string role) => role switch
    {
        "user" => TurnRole.User,
        "observation" => TurnRole.Tool,
        _ => TurnRole.Assistant,
    };
}
