namespace AlpacaCot.Specs;

/// <summary>What is taught of a record that has a rationale beside its answer.</summary>
public enum RationaleUse
{
    /// <summary><c>answer</c>: the question as it stands, the answer alone.</summary>
    Answer,

    /// <summary><c>rationale</c>: the question, the rationale and then the answer in a closing sentence, as FLAN writes it.</summary>
    RationaleThenAnswer,

    /// <summary><c>inversion</c>: question, rationale and answer in turned roles, one of the 18 forms that FLAN v2 mixes in, drawn for each row.</summary>
    Inversion,
}

/// <summary>How data mixes that are compared with one another are kept alike.</summary>
public enum DataMatch
{
    /// <summary><c>none</c>: each mix has the rows that it can teach.</summary>
    None,

    /// <summary><c>rows</c>: a row that one of the matched mixes cannot teach is left out of all of them.</summary>
    Rows,
}

/// <summary>What is cut of a row that is longer than the cutoff.</summary>
public enum Truncation
{
    /// <summary><c>right</c>: later turns, then the end of the last answer.</summary>
    Right,

    /// <summary><c>left</c>: the oldest turns, then the beginning of the prompt, so that the last answer stays whole.</summary>
    Left,

    /// <summary><c>drop</c>: nothing; the row is left out.</summary>
    Drop,
}

/// <summary>Which answers of a conversation are learnt.</summary>
public enum LearnedTurns
{
    /// <summary><c>all</c>: every answer, unless its row says that it is not.</summary>
    All,

    /// <summary><c>last</c>: the last one alone.</summary>
    Last,
}

/// <summary>What is done about rows that are wrong: cut off, no JSON, without an answer's field.</summary>
public enum BadRows
{
    /// <summary><c>refuse</c>: nothing is trained; all of them are told.</summary>
    Refuse,

    /// <summary><c>skip</c>: they are left out, counted and told.</summary>
    Skip,
}

/// <summary>A value of the axis <c>data</c>: what a model is taught, as sources and how they are mixed.</summary>
public sealed record DataSpec
{
    /// <summary>The stable name in tables and paths.</summary>
    public string Name { get; init; } = "data";

    /// <summary>The sources, at least one.</summary>
    public required IReadOnlyList<SourceSpec> Sources { get; init; }

    /// <summary>The prompt template; null falls back to <see cref="SweepSpec.Template"/>.</summary>
    public string? Template { get; init; }

    /// <summary>Which language's variant of a known set (<c>en</c>, <c>zh</c>); null falls back to <see cref="SweepSpec.Language"/>, then takes the first that is there.</summary>
    public string? Language { get; init; }

    /// <summary>What is taught of rows with a rationale.</summary>
    public RationaleUse Cot { get; init; } = RationaleUse.RationaleThenAnswer;

    /// <summary>The cue of training prompts, for sources that name none.</summary>
    public TrainingCue TrainingCue { get; init; } = TrainingCue.None;

    /// <summary>Whether this mix has the same rows as the other matched mixes of its sweep.</summary>
    public DataMatch Match { get; init; }

    /// <summary>What is cut of rows that are longer than the cutoff.</summary>
    public Truncation Truncation { get; init; }

    /// <summary>Which answers of a conversation are learnt.</summary>
    public LearnedTurns Learn { get; init; }

    /// <summary>What is done about rows that are wrong.</summary>
    public BadRows BadRows { get; init; }

    /// <summary>Where this value takes part; null is everywhere.</summary>
    public AxisMatch? When { get; init; }

    /// <summary>The cue of a source's training prompts: its own, else the mix's.</summary>
    public TrainingCue CueOf(SourceSpec source) => source.TrainingCue ?? TrainingCue;

    /// <summary>All mistakes that can be told without reading data, one line each.</summary>
    public IEnumerable<string> Mistakes()
    {
        if (Sources.Count == 0) yield return $"data {Name}: names no sources";
        foreach (var source in Sources)
            foreach (var mistake in source.Mistakes()) yield return $"data {Name}, source {source.Title}: {mistake}";
    }
}

/// <summary>One source of rows: exactly one of <see cref="Set"/>, <see cref="Path"/> and <see cref="Goat"/>.</summary>
public sealed record SourceSpec
{
    /// <summary>The generator's name, which stands for its defaults where a set is named.</summary>
    public const string GoatName = "goat";

    /// <summary>Most worked examples before a question.</summary>
    public const int MostFewShot = 32;

    /// <summary>A set that the catalogue of data sets knows by name.</summary>
    public string? Set { get; init; }

    /// <summary>A file, or a folder whose data files are read in name order; relative to the sweep file or to the home's <c>datasets/</c>.</summary>
    public string? Path { get; init; }

    /// <summary>The arithmetic generator.</summary>
    public GoatOptions? Goat { get; init; }

    /// <summary>The encoding of the files of a set or path, a name of <see cref="TextEncodings.Names"/>; null is UTF-8. A file of Parquet or Arrow has none.</summary>
    public string? Encoding { get; init; }

    /// <summary>How a set or path of questions about tables becomes rows; null is a file of plain rows.</summary>
    public TableOptions? Tables { get; init; }

    /// <summary>How often each row is taught: 2 twice, 0.5 every other (drawn), 1.5 once and every other once more.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>At most so many rows, drawn from the whole source without replacement; null is all.</summary>
    public int? Limit { get; init; }

    /// <summary>Seed of this source's draws (a generator's questions, the rows a limit keeps); null is the trial's, so that every seed sees another sample.</summary>
    public long? Seed { get; init; }

    /// <summary>The variant of a known set; overrides <see cref="DataSpec.Language"/>.</summary>
    public string? Language { get; init; }

    /// <summary>Overrides <see cref="DataSpec.Cot"/>.</summary>
    public RationaleUse? Cot { get; init; }

    /// <summary>Worked examples of the same source in front of each question; only the last answer is learnt.</summary>
    public int FewShot { get; init; }

    /// <summary>Overrides <see cref="DataSpec.TrainingCue"/>.</summary>
    public TrainingCue? TrainingCue { get; init; }

    /// <summary>Evaluations whose own questions this source may hold; of any other it is refused.</summary>
    public IReadOnlyList<string> AllowLeakage { get; init; } = [];

    /// <summary>The set's name, the path, or <c>goat</c>; empty where none is given.</summary>
    public string Reference => Set ?? Path ?? (Goat is null ? "" : GoatName);

    /// <summary>What to call it in reports.</summary>
    public string Title => Reference.Length > 0 ? Reference : "(no source)";

    /// <summary>A source by one word: <c>goat</c>, a path (it has a <c>/</c>, or ends as data files do), or the name of a known set.</summary>
    public static SourceSpec Named(string word)
        => word == GoatName ? new SourceSpec { Goat = new GoatOptions() }
            : IsPath(word) ? new SourceSpec { Path = word }
            : new SourceSpec { Set = word };

    /// <summary>All mistakes that can be told without reading data, one line each.</summary>
    public IEnumerable<string> Mistakes()
    {
        if (new object?[] { Set, Path, Goat }.Count(kind => kind is not null) != 1) yield return "needs exactly one of set, path and goat";
        if (!(Weight > 0) || !double.IsFinite(Weight)) yield return FormattableString.Invariant($"weight {Weight} must be above 0");
        if (FewShot is < 0 or > MostFewShot) yield return $"few_shot {FewShot} is not within 0 and {MostFewShot}";
        if (Tables is not null && Goat is not null) yield return "tables says how files of tables are read; a generator has none";
        if (Encoding is not null && Goat is not null) yield return "encoding says how files are read; a generator has none";
        if (Encoding is not null && !TextEncodings.Names.Contains(Encoding, StringComparer.Ordinal)) yield return $"encoding '{Encoding}' is not known; {Suggestions.For(Encoding, TextEncodings.Names)}";
        if (Limit is < 1) yield return $"limit {Limit} must be at least 1";
        if (Language is not null && Set is null) yield return $"language picks a variant of a known set; a {(Goat is null ? "path" : "generator")} has none";
        foreach (var mistake in Goat?.Mistakes() ?? []) yield return mistake;
    }

    private static bool IsPath(string word) => word.Contains('/', StringComparison.Ordinal) || DataFileForms.Contains(System.IO.Path.GetExtension(word), StringComparer.OrdinalIgnoreCase);

    /// <summary>Endings of files that hold rows.</summary>
    internal static readonly string[] DataFileForms = [".json", ".jsonl", ".tsv", ".csv", ".txt", ".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".parquet", ".arrow", ".feather", ".bin"];
}
