namespace AlpacaCot.Data.Tables;

/// <summary>A cell where it begins; one that spans more covers the places to its right and below.</summary>
/// <param name="Text">Its text.</param>
/// <param name="RowSpan">Rows that it covers.</param>
/// <param name="ColumnSpan">Columns that it covers.</param>
public sealed record TableCell(string Text, int RowSpan = 1, int ColumnSpan = 1);

/// <summary>Where a table's headers are (Tabular LLM's four kinds).</summary>
public enum TableKind
{
    /// <summary>One header row.</summary>
    Vertical,

    /// <summary>One header column.</summary>
    Horizontal,

    /// <summary>Header cells over several rows or columns.</summary>
    Hierarchical,

    /// <summary>Headers in both directions, or none.</summary>
    Complex,
}

/// <summary>A table as rows of the cells that begin in them, as HTML writes it.</summary>
/// <param name="Rows">The rows, header rows first.</param>
/// <param name="HeaderRows">How many of them are headers.</param>
/// <param name="HeaderColumns">How many columns are headers.</param>
/// <param name="Title">Its title, or null.</param>
public sealed record DataTable(IReadOnlyList<IReadOnlyList<TableCell>> Rows, int HeaderRows, int HeaderColumns = 0, string? Title = null)
{
    /// <summary>A table without merged cells.</summary>
    public static DataTable Of(IEnumerable<IEnumerable<string>> rows, int headerRows = 1, int headerColumns = 0, string? title = null)
        => new([.. rows.Select(row => (IReadOnlyList<TableCell>)[.. row.Select(text => new TableCell(text))])], headerRows, headerColumns, title);

    /// <summary>Whether a cell covers more than one place.</summary>
    public bool HasMergedCells => Rows.Any(row => row.Any(cell => cell.RowSpan > 1 || cell.ColumnSpan > 1));

    /// <summary>Where its headers are.</summary>
    public TableKind Kind => HasMergedCells || HeaderRows > 1 || HeaderColumns > 1 ? TableKind.Hierarchical
        : (HeaderRows, HeaderColumns) switch { (1, 0) => TableKind.Vertical, (0, 1) => TableKind.Horizontal, _ => TableKind.Complex };

    /// <summary>Every place's text, <c>[rows][columns]</c>: a merged cell's stands in each place that it covers, a missing one is empty.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Grid()
    {
        var places = Places();
        var width = places.Count == 0 ? 0 : places.Keys.Max(place => place.Column) + 1;
        return [.. Enumerable.Range(0, Rows.Count).Select(row => (IReadOnlyList<string>)[.. Enumerable.Range(0, width).Select(column => places.TryGetValue((row, column), out var cell) ? cell.Text : "")])];
    }

    /// <summary>The cell over each place.</summary>
    internal IReadOnlyDictionary<(int Row, int Column), TableCell> Places()
    {
        var places = new Dictionary<(int, int), TableCell>();
        for (var row = 0; row < Rows.Count; row++)
        {
            var column = 0;
            foreach (var cell in Rows[row])
            {
                while (places.ContainsKey((row, column))) column++;
                for (var r = row; r < Math.Min(Rows.Count, row + cell.RowSpan); r++)
                    for (var c = column; c < column + cell.ColumnSpan; c++) places.TryAdd((r, c), cell);
                column += cell.ColumnSpan;
            }
        }
        return places;
    }
}
