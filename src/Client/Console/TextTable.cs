namespace AlpacaCot.Client.Console;

/// <summary>Columns of a text, as wide as what stands in them.</summary>
internal static class TextTable
{
    /// <summary>Prints rows, indented by two.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="rows">The rows, the head first; all of one length.</param>
    /// <param name="names">The column of names, which stand to the left; all others are figures and stand to the right.</param>
    public static void Print(TextWriter output, IReadOnlyList<string[]> rows, int names = 0)
    {
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Length)).ToList();
        foreach (var row in rows)
            output.WriteLine(("  " + string.Join("  ", row.Select((cell, column) => column == names ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])))).TrimEnd());
    }
}
