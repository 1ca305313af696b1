using System.Text.Json;
using AlpacaCot.Data.Importing;

namespace AlpacaCot.Data.Catalogue;

/// <summary>The files and rows of an entry of <c>dataset_info.json</c>.</summary>
internal static class DatasetInfoRows
{
    private static readonly string[] _endings = [".arrow", ".csv", ".json", ".jsonl", ".parquet", ".txt"];

    /// <summary>The files of an entry, relative to the folder of its <c>dataset_info.json</c>.</summary>
    /// <exception cref="DatasetException">They are not here, missing, or of several types.</exception>
    public static IReadOnlyList<string> Files(DatasetInfoEntry entry, string folder)
    {
        if (entry.Place != DatasetPlace.File)
            throw new DatasetException($"data set {entry.Name}: its rows are elsewhere ({entry.Place}: {entry.Reference}); {(entry.Place == DatasetPlace.HuggingFace ? $"fetch it with data add {entry.Reference}" : "fetch its files and name them with data add")}");
        var path = Path.Combine(folder, entry.Reference);
        List<string> files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)] : File.Exists(path) ? [path] : throw new DatasetException($"{path}: no such file, which the data set {entry.Name} names");
        if (files.Find(file => !_endings.Contains(Path.GetExtension(file))) is { } other) throw new DatasetException($"{other}: data sets have files of the types {string.Join(", ", _endings)}");
        if (files.Select(Path.GetExtension).Distinct().Count() > 1) throw new DatasetException($"{path}: its files are of several types; they must all be of one");
        return files.Count > 0 ? files : throw new DatasetException($"{path}: holds no files");
    }

    /// <summary>The rows as LLaMA-Factory aligns them, or what is wrong with them.</summary>
    /// <exception cref="DatasetException">A column that the entry names is in no row, or a file cannot be read.</exception>
    public static IEnumerable<(string Place, AlignedRow? Row, string? Mistake)> Aligned(DatasetInfoEntry entry, string folder)
    {
        var alignment = new RowAlignment(entry);
        var files = Files(entry, folder);
        var named = alignment.Columns.ToList();
        var taken = 0;
        foreach (var file in files)
            foreach (var row in Rows(file))
            {
                if (entry.Samples is { } most && taken++ >= most) yield break;
                // A column that one row lacks is null there; one that all lack was named wrongly.
                if (row.Value is { ValueKind: JsonValueKind.Object } value && named.Count > 0)
                {
                    named.RemoveAll(column => value.TryGetProperty(column, out _));
                    if (named.Count > 0)
                        foreach (var other in files.SelectMany(Rows))
                            if (other.Value is { ValueKind: JsonValueKind.Object } fields) named.RemoveAll(column => fields.TryGetProperty(column, out _));
                    if (named.Count > 0) throw new DatasetException($"data set {entry.Name}: no row has the column {string.Join(", ", named)}");
                }
                yield return Align(alignment, row);
            }
    }

    /// <summary>The importer of the entry's rows.</summary>
    public static RowImporter Importer(DatasetInfoEntry entry)
    {
        var alignment = new RowAlignment(entry);
        return (row, source, number) => [alignment.Align(row).ToConversation(source, number)];
    }

    private static (string, AlignedRow?, string?) Align(RowAlignment alignment, FileRow row)
    {
        if (row.Value is not { } value) return (row.Place, null, row.Mistake);
        try
        {
            return (row.Place, alignment.Align(value), null);
        }
        catch (RowException e)
        {
            return (row.Place, null, e.Message);
        }
    }

    private static IEnumerable<FileRow> Rows(string path) => Path.GetExtension(path) switch
    {
        ".txt" => TextRows.Read(path),
        ".csv" => CsvRows.Read(path, lenient: true),
        _ => RowFile.Rows(path),
    };
}
