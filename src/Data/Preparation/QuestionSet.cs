using AlpacaCot.Data.Preflight;

namespace AlpacaCot.Data.Preparation;

/// <summary>Questions that must not be trained on unknowingly; a row is one of them whatever its white space, and whether it is asked as instruction, as input or as both.</summary>
public sealed class QuestionSet
{
    private readonly Dictionary<ulong, string> _questions = [];
    private readonly TextOverlap _overlap;

    /// <summary>Makes a set.</summary>
    public QuestionSet(IEnumerable<string> questions)
    {
        foreach (var question in questions.Select(Normalise).Where(question => question.Length > 0)) _questions.TryAdd(HashOf(question, ""), question);
        _overlap = new TextOverlap(_questions.Values);
    }

    /// <summary>Whether a row shares a run of 13 words with one of the questions.</summary>
    public bool Overlaps(Conversation row) => _overlap.IsIn(row);

    /// <summary>Different questions in the set.</summary>
    public int Count => _questions.Count;

    /// <summary>The question that a row is, or null.</summary>
    public string? Find(Conversation row)
    {
        if (_questions.Count == 0) return null;
        foreach (var turn in row.Turns)
            if (turn.Role == TurnRole.User && (Find(turn.Text, "") ?? (turn.Input.Length == 0 ? null : Find(turn.Input, "") ?? Find(turn.Text, turn.Input))) is { } question) return question;
        return null;
    }

    private string? Find(string text, string input)
        => _questions.TryGetValue(HashOf(text, input), out var question) && Normalise($"{text} {input}") == question ? question : null;

    private static string Normalise(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A hash of both texts as <see cref="Normalise"/> has them, which makes no text: most rows are no question.</summary>
    private static ulong HashOf(string text, string input)
    {
        const ulong Prime = 0x100000001B3;
        var (hash, between, any) = (0xCBF29CE484222325UL, false, false);
        foreach (var part in (ReadOnlySpan<string>)[text, input])
        {
            foreach (var c in part)
            {
                if (char.IsWhiteSpace(c))
                {
                    between = any;
                    continue;
                }
                if (between) hash = (hash ^ ' ') * Prime;
                hash = (hash ^ c) * Prime;
                (between, any) = (false, true);
            }
            between = any;
        }
        return hash;
    }
}
