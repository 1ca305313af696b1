namespace AlpacaCot.Data.Importing;

/// <summary>Conversations that a set writes as one text, each turn after a mark of who says it.</summary>
internal static class DialogueText
{
    /// <summary>The turns of a text; what stands before the first mark is left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="marks">Marks and who says what follows.</param>
    /// <param name="ends">Texts at the end of a turn that are no part of it.</param>
    public static List<Turn> Split(string text, IReadOnlyList<(string Mark, TurnRole Role)> marks, params IReadOnlyList<string> ends)
    {
        var turns = new List<Turn>();
        var found = Next(text, marks, 0);
        while (found is { } mark)
        {
            var begin = mark.At + mark.Mark.Length;
            var next = Next(text, marks, begin);
            var said = text[begin..(next?.At ?? text.Length)].Trim();
            foreach (var end in ends)
                if (said.EndsWith(end, StringComparison.Ordinal)) said = said[..^end.Length].TrimEnd();
            if (said.Length > 0) turns.Add(new Turn(mark.Role, said) { Learned = mark.Role == TurnRole.Assistant });
            found = next;
        }
        return Turns.Learning(turns);
    }

    /// <summary>The conversation of a text.</summary>
    /// <exception cref="RowException">The text has no marks.</exception>
    public static Conversation Read(string text, IReadOnlyList<(string Mark, TurnRole Role)> marks, string source, int number, params IReadOnlyList<string> ends)
    {
        var turns = Split(text, marks, ends);
        return turns.Count > 0 ? new Conversation(turns, source, number) : throw new RowException($"has no turn after {string.Join(" or ", marks.Select(mark => mark.Mark.Trim()))}");
    }

    private static (int At, string Mark, TurnRole Role)? Next(string text, IReadOnlyList<(string Mark, TurnRole Role)> marks, int from)
    {
        (int At, string Mark, TurnRole Role)? first = null;
        foreach (var (mark, role) in marks)
            if (text.IndexOf(mark, from, StringComparison.Ordinal) is >= 0 and var at && (first is null || at < first.Value.At)) first = (at, mark, role);
        return first;
    }
}
