using AlpacaCot.Data.Preflight;

namespace AlpacaCot.Data.Preparation;

/// <summary>Questions that must not be trained on unknowingly; a row is one of them whatever its white space, and whether it is asked as instruction, as input or as both.</summary>
public sealed class QuestionSet
{
    private readonly HashSet<string> _questions;
    private readonly TextOverlap _overlap;

    /// <summary>Makes a set.</summary>
    public QuestionSet(IEnumerable<string> questions)
    {
        _questions = [.. questions.Select(Normalise).Where(question => question.Length > 0)];
        _overlap = new TextOverlap(_questions);
    }

    /// <summary>Whether a row shares a run of 13 words with one of the questions.</summary>
    public bool Overlaps(Conversation row) => _overlap.IsIn(row);

    /// <summary>Different questions in the set.</summary>
    public int Count => _questions.Count;

    /// <summary>The question that a row is, or null.</summary>
    public string? Find(Conversation row)
    {
        if (_questions.Count == 0) return null;
        foreach (var turn in row.Turns.Where(turn => turn.Role == TurnRole.User))
            foreach (var text in (string[])[turn.Text, turn.Input, $"{turn.Text} {turn.Input}"])
                if (Normalise(text) is var question && _questions.Contains(question)) return question;
        return null;
    }

    private static string Normalise(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
