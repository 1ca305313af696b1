using System.Globalization;
using System.Net;
using System.Text;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Tables;

/// <summary>Tables as text: flat, Markdown, HTML, LaTeX.</summary>
public static class TableText
{
    /// <summary>The form that a table is written in: Markdown and the flat form have no merged cells, so such a table is written as HTML unless its cells are repeated.</summary>
    public static TableForm FormOf(DataTable table, TableForm wanted, bool repeatMerged)
        => table.HasMergedCells && !repeatMerged && wanted is (TableForm.Markdown or TableForm.Flat) ? TableForm.Html : wanted;

    /// <summary>The table as text, without a line break at its end.</summary>
    /// <param name="table">The table.</param>
    /// <param name="form">The form that is wanted; see <see cref="FormOf"/>.</param>
    /// <param name="repeatMerged">Whether a merged cell is written into each place that it covers.</param>
    public static string Write(DataTable table, TableForm form, bool repeatMerged = false)
    {
        if (repeatMerged) table = table with { Rows = [.. table.Grid().Select(row => (IReadOnlyList<TableCell>)[.. row.Select(text => new TableCell(text))])] };
        return FormOf(table, form, repeatMerged) switch
        {
            TableForm.Flat => Flat(table),
            TableForm.Markdown => Markdown(table),
            TableForm.Html => Html(table),
            _ => Latex(table),
        };
    }

    // [HEAD] a | b [ROW] 1 : c | d [ROW] 2 : …
    private static string Flat(DataTable table)
    {
        var text = new StringBuilder();
        var grid = table.Grid();
        for (var row = 0; row < grid.Count; row++)
        {
            if (row > 0) text.Append(' ');
            text.Append(row < table.HeaderRows ? "[HEAD] " : string.Create(CultureInfo.InvariantCulture, $"[ROW] {row - table.HeaderRows + 1} : "));
            text.AppendJoin(" | ", grid[row].Select(OneLine));
        }
        return text.ToString();
    }

    private static string Markdown(DataTable table)
    {
        static string Cell(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Trim().ReplaceLineEndings("<br>");
        static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
        var grid = table.Grid();
        if (grid.Count == 0) return "";
        var lines = new List<string>();
        // Markdown knows one header row and always has one: without one it is blank, further ones are rows.
        if (table.HeaderRows == 0) lines.Add(Line(grid[0].Select(_ => "")));
        else lines.Add(Line(grid[0].Select(Cell)));
        lines.Add(Line(grid[0].Select(_ => "---")));
        lines.AddRange(grid.Skip(Math.Min(1, table.HeaderRows)).Select(row => Line(row.Select(Cell))));
        return string.Join('\n', lines);
    }

    private static string Html(DataTable table)
    {
        var text = new StringBuilder("<table>\n");
        var places = table.Places();
        for (var row = 0; row < table.Rows.Count; row++)
        {
            text.Append("<tr>");
            var column = 0;
            foreach (var cell in table.Rows[row])
            {
                while (places.TryGetValue((row, column), out var there) && !ReferenceEquals(there, cell)) column++;
                var tag = row < table.HeaderRows || column < table.HeaderColumns ? "th" : "td";
                text.Append('<').Append(tag);
                if (cell.RowSpan > 1) text.Append(CultureInfo.InvariantCulture, $" rowspan=\"{cell.RowSpan}\"");
                if (cell.ColumnSpan > 1) text.Append(CultureInfo.InvariantCulture, $" colspan=\"{cell.ColumnSpan}\"");
                text.Append('>').Append(WebUtility.HtmlEncode(cell.Text.Trim()).ReplaceLineEndings("<br>")).Append("</").Append(tag).Append('>');
                column += cell.ColumnSpan;
            }
            text.Append("</tr>\n");
        }
        return text.Append("</table>").ToString();
    }

    private static string Latex(DataTable table)
    {
        var places = table.Places();
        var width = places.Count == 0 ? 0 : places.Keys.Max(place => place.Column) + 1;
        var text = new StringBuilder($"\\begin{{tabular}}{{{new string('l', width)}}}\n\\hline\n");
        var written = new HashSet<TableCell>(ReferenceEqualityComparer.Instance);
        for (var row = 0; row < table.Rows.Count; row++)
        {
            var cells = new List<string>();
            for (var column = 0; column < width;)
            {
                if (!places.TryGetValue((row, column), out var cell))
                {
                    cells.Add("");
                    column++;
                    continue;
                }
                // Below its first row a merged cell's place is empty, as multirow wants it.
                var content = written.Add(cell) ? LatexText(cell.Text) : "";
                if (cell.RowSpan > 1 && content.Length > 0) content = string.Create(CultureInfo.InvariantCulture, $"\\multirow{{{cell.RowSpan}}}{{*}}{{{content}}}");
                cells.Add(cell.ColumnSpan > 1 ? string.Create(CultureInfo.InvariantCulture, $"\\multicolumn{{{cell.ColumnSpan}}}{{l}}{{{content}}}") : content);
                column += cell.ColumnSpan;
            }
            text.AppendJoin(" & ", cells).Append(" \\\\\n");
            if (row + 1 == table.HeaderRows) text.Append("\\hline\n");
        }
        return text.Append("\\hline\n\\end{tabular}").ToString();
    }

    private static string LatexText(string text)
    {
        var latex = new StringBuilder();
        foreach (var c in OneLine(text))
            latex.Append(c switch
            {
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{c}",
                '\\' => "\\textbackslash{}",
                '~' => "\\textasciitilde{}",
                '^' => "\\textasciicircum{}",
                _ => c.ToString(),
            });
        return latex.ToString();
    }

    private static string OneLine(string text) => text.Trim().ReplaceLineEndings(" ");
}
