namespace AlpacaCot.Data.Formats;

/// <summary>How a table of separated values is written; the defaults are those of RFC 4180.</summary>
public sealed record CsvDialect
{
    /// <summary>Between two fields.</summary>
    public char Delimiter { get; init; } = ',';

    /// <summary>Around a field that holds delimiters, quotes or line breaks; null where quotes mean nothing.</summary>
    public char? Quote { get; init; } = '"';

    /// <summary>Before a character that stands for itself; null where there is none.</summary>
    public char? Escape { get; init; }

    /// <summary>Whether a quote inside a quoted field is written twice.</summary>
    public bool DoubledQuotes { get; init; } = true;

    /// <summary>Whether blanks after a delimiter are no part of the field.</summary>
    public bool SkipInitialSpace { get; init; }

    /// <summary>What begins a remark that goes to the end of its line; null where there is none.</summary>
    public char? Comment { get; init; }
}
