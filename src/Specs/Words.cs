namespace AlpacaCot.Specs;

/// <summary>The words that stand for values in a sweep file, on the command line and in JSON.</summary>
public static class Words
{
    /// <summary>What is taught of rows with a rationale.</summary>
    public static IReadOnlyList<(string Word, RationaleUse Value)> Rationales { get; } = [("answer", RationaleUse.Answer), ("rationale", RationaleUse.RationaleThenAnswer), ("inversion", RationaleUse.Inversion)];

    /// <summary>Cues of training prompts that are no text of their own.</summary>
    public static IReadOnlyList<(string Word, CueUse Value)> Cues { get; } = [("none", CueUse.None), ("keep", CueUse.Keep), ("flan", CueUse.Flan), ("flan_zh", CueUse.FlanChinese)];

    /// <summary>How data mixes that are compared are kept alike.</summary>
    public static IReadOnlyList<(string Word, DataMatch Value)> Matches { get; } = [("none", DataMatch.None), ("rows", DataMatch.Rows)];

    /// <summary>What is cut of a row that is too long.</summary>
    public static IReadOnlyList<(string Word, Truncation Value)> Truncations { get; } = [("right", Truncation.Right), ("left", Truncation.Left), ("drop", Truncation.Drop)];

    /// <summary>Which answers of a conversation are learnt.</summary>
    public static IReadOnlyList<(string Word, LearnedTurns Value)> Learned { get; } = [("all", LearnedTurns.All), ("last", LearnedTurns.Last)];

    /// <summary>What is done about rows that are wrong.</summary>
    public static IReadOnlyList<(string Word, BadRows Value)> RowPolicies { get; } = [("refuse", BadRows.Refuse), ("skip", BadRows.Skip)];

    /// <summary>Operations of the arithmetic generator.</summary>
    public static IReadOnlyList<(string Word, GoatOperation Value)> Operations { get; } =
    [
        ("add", GoatOperation.Add), ("subtract", GoatOperation.Subtract), ("multiply", GoatOperation.Multiply), ("divide", GoatOperation.Divide),
        ("modulo", GoatOperation.Modulo), ("gcd", GoatOperation.Gcd), ("power", GoatOperation.Power), ("mixed", GoatOperation.Mixed),
        ("copy", GoatOperation.Copy), ("split", GoatOperation.Split), ("compare", GoatOperation.Compare), ("order", GoatOperation.Order),
        ("multiply_by_digit", GoatOperation.MultiplyByDigit), ("divide_by_digit", GoatOperation.DivideByDigit),
    ];

    /// <summary>How its answers are written.</summary>
    public static IReadOnlyList<(string Word, GoatStyle Value)> Styles { get; } = [("goat", GoatStyle.Goat), ("direct", GoatStyle.Direct), ("steps", GoatStyle.Steps)];

    /// <summary>Steps of its worked answers that may be left out.</summary>
    public static IReadOnlyList<(string Word, GoatStep Value)> Steps { get; } = [("split", GoatStep.Split), ("expansion", GoatStep.Expansion), ("product", GoatStep.Product), ("adding", GoatStep.Adding)];

    /// <summary>Which of its questions are drawn.</summary>
    public static IReadOnlyList<(string Word, GoatSplit Value)> Splits { get; } = [("train", GoatSplit.Train), ("held_out", GoatSplit.HeldOut)];

    /// <summary>How tables are written.</summary>
    public static IReadOnlyList<(string Word, TableForm Value)> TableForms { get; } = [("markdown", TableForm.Markdown), ("html", TableForm.Html), ("latex", TableForm.Latex), ("flat", TableForm.Flat)];

    /// <summary>What is asked about tables.</summary>
    public static IReadOnlyList<(string Word, TableTask Value)> TableTasks { get; } =
        [("tqa", TableTask.Questions), ("tfv", TableTask.Facts), ("text_to_table", TableTask.TextToTable), ("table_to_text", TableTask.TableToText)];

    /// <summary>The word of a value; one that has none is told by its number.</summary>
    public static string Of<T>(this IReadOnlyList<(string Word, T Value)> words, T value) where T : struct, Enum
        => words.FirstOrDefault(word => EqualityComparer<T>.Default.Equals(word.Value, value)).Word ?? value.ToString();
}
