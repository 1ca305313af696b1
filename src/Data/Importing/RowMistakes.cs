namespace AlpacaCot.Data.Importing;

/// <summary>The mistakes in the rows of one file, told together: the first ten and how many more there are.</summary>
public sealed class RowMistakes(string path)
{
    private const int Shown = 10;

    /// <summary>After so many mistakes the file is not what it is taken for, and reading on would tell nothing new.</summary>
    private const int Enough = 10_000;

    private readonly List<string> _first = [];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there are so many that the rest of the file need not be looked at.</summary>
    public bool IsEnough => Count >= Enough;

    /// <summary>Adds what is wrong with the row at a place.</summary>
    public void Add(string place, string mistake)
    {
        if (Count++ < Shown) _first.Add($"{place}: {mistake}");
    }

    /// <summary>The refusal of a file without rows; the first line of a table is no row.</summary>
    internal static DatasetException NoRows(string path)
        => new(CsvRows.IsNamed(path) ? $"{path}: holds no rows: its name says that it is a table, whose first line names the columns; a file in JSON is named .json or .jsonl" : $"{path}: holds no rows");

    /// <summary>Throws where there is any.</summary>
    /// <exception cref="DatasetException">All of them in one line that names the file.</exception>
    public void Throw()
    {
        if (Count == 0) return;
        var more = Count > Shown ? $"; and {(IsEnough ? "at least " : "")}{Count - Shown} more" : "";
        throw new DatasetException(Count == 1 ? $"{path}: {_first[0]}" : $"{path}: {Count}{(IsEnough ? " or more" : "")} rows are wrong: {string.Join("; ", _first)}{more}");
    }
}
