using System.Text.Json.Nodes;
using AlpacaCot.Data.Importing;

namespace AlpacaCot.Data.Tables;

/// <summary>Tables of AIT-QA: the headers of each column and row are paths from the outermost to the innermost; neighbours that share a header share a merged cell.</summary>
internal static class HeaderPaths
{
    /// <summary>The tables of a file, by their id.</summary>
    public static IReadOnlyDictionary<string, DataTable> Read(TextFile file)
    {
        var mistakes = new RowMistakes(file.Path);
        var tables = new Dictionary<string, DataTable>(StringComparer.Ordinal);
        foreach (var row in RowFile.Objects(file))
        {
            var fields = new TableFields(row.Fields);
            try
            {
                tables[fields.Text("id")] = Table(Lists(fields, "column_header"), Lists(fields, "row_header"), Lists(fields, "data"), fields.Optional("title"));
            }
            catch (RowException e)
            {
                mistakes.Add(row.Place, e.Message);
            }
        }
        mistakes.Throw();
        return tables;
    }

    private static IReadOnlyList<IReadOnlyList<string>> Lists(TableFields fields, string name)
        => fields.Node(name) is JsonArray rows ? [.. rows.Select(row => (IReadOnlyList<string>)[.. TableFields.Cells(row)])] : throw new RowException($"has no list {name}");

    internal static DataTable Table(IReadOnlyList<IReadOnlyList<string>> columns, IReadOnlyList<IReadOnlyList<string>> names, IReadOnlyList<IReadOnlyList<string>> data, string? title)
    {
        var width = Math.Max(columns.Count, data.Count == 0 ? 0 : data.Max(row => row.Count));
        var height = Math.Max(names.Count, data.Count);
        var (headerRows, headerColumns) = (Depth(columns), Depth(names));
        var rows = Enumerable.Range(0, headerRows + height).Select(_ => new List<TableCell>()).ToList();
        if (headerRows > 0 && headerColumns > 0) rows[0].Add(new TableCell("", headerRows, headerColumns));
        foreach (var (level, _, count, depth, text) in Merged(columns, width, headerRows)) rows[level].Add(new TableCell(text, depth, count));
        // Cells of a row stand from left to right: outer names first.
        foreach (var (_, at, count, depth, text) in Merged(names, height, headerColumns)) rows[headerRows + at].Add(new TableCell(text, count, depth));
        for (var row = 0; row < height; row++)
            for (var column = 0; column < width; column++) rows[headerRows + row].Add(new TableCell(row < data.Count && column < data[row].Count ? data[row][column] : ""));
        return new DataTable([.. rows], headerRows, headerColumns, title);
    }

    private static int Depth(IReadOnlyList<IReadOnlyList<string>> paths) => paths.Count == 0 ? 0 : paths.Max(path => path.Count);

    // Level by level: a run of neighbours with the same path so far is one cell; a path that ends early reaches to the innermost level.
    private static IEnumerable<(int Level, int At, int Count, int Depth, string Text)> Merged(IReadOnlyList<IReadOnlyList<string>> paths, int count, int depth)
    {
        for (var level = 0; level < depth; level++)
            for (var at = 0; at < count;)
            {
                var path = at < paths.Count ? paths[at] : [];
                var (first, end) = (at++, level == path.Count - 1 || path.Count == 0);
                if (level >= path.Count)
                {
                    if (path.Count == 0 && level == 0) yield return (level, first, 1, depth, "");
                    continue;
                }
                if (!end)
                    while (at < paths.Count && paths[at].Count > level + 1 && paths[at].Take(level + 1).SequenceEqual(path.Take(level + 1))) at++;
                yield return (level, first, at - first, end ? depth - level : 1, path[level]);
            }
    }
}
