using System.Globalization;
using System.Text.Json;
using AlpacaCot.Data.Formats;

namespace AlpacaCot.Data.Importing;

/// <summary>Tables of separated values as rows: of texts, as a stream, or with the types that pandas gives their columns, which takes the whole table.</summary>
internal static class CsvRows
{
    /// <summary>What pandas takes for a missing value.</summary>
    private static readonly HashSet<string> _missing = new(
        ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"], StringComparer.Ordinal);

    private const NumberStyles Whole = NumberStyles.AllowLeadingSign;
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private enum Kind
    {
        Text,
        Whole,
        Real,
        Truth,
    }

    /// <summary>The dialect of a file's name: tabs in a <c>.tsv</c>, commas else.</summary>
    public static CsvDialect DialectOf(string path) => Inner(path).EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? new CsvDialect { Delimiter = '\t' } : new CsvDialect();

    /// <summary>Whether a file's name, without the ending of its compression, is that of a table.</summary>
    public static bool IsNamed(string path) => Inner(path).EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || Inner(path).EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);

    /// <summary>The rows as objects of column to text, in the file's order and in constant memory.</summary>
    /// <param name="file">The file.</param>
    /// <param name="columns">The columns of a table without a header.</param>
    /// <exception cref="DatasetException">The file cannot be read, is empty, or its header is wrong.</exception>
    public static IEnumerable<FileRow> ReadTexts(TextFile file, IReadOnlyList<string>? columns = null)
    {
        using var reader = new EscapedReader(SourceText.Open(file));
        var dialect = DialectOf(file.Path);
        var table = new CsvTable(reader, columns is null ? dialect : dialect with { Quote = null }, file.Path, columns: columns);
        RefuseHeader(table, file);
        foreach (var row in table.Rows())
            yield return (Mistake(row, file) ?? Nul(row)) is { } mistake
                ? new FileRow(row.Number, row.Line, null, mistake)
                : new FileRow(row.Number, row.Line, Row(table.Columns, row.Fields, (json, _, field) => json.WriteStringValue(field)), null);
    }

    /// <summary>The rows as objects of column to value, typed by their columns: numbers where all fields are numbers, true and false likewise, null where a field is missing.</summary>
    /// <param name="file">The file.</param>
    /// <param name="lenient">Whether it is read as pandas reads it.</param>
    /// <exception cref="DatasetException">As <see cref="ReadTexts"/>, or the table is too large to be read whole.</exception>
    public static IEnumerable<FileRow> Read(TextFile file, bool lenient = false)
    {
        using var reader = new EscapedReader(SourceText.Open(file));
        RowFile.RefuseLarge(file);
        return Typed(new CsvTable(reader, DialectOf(file.Path), file.Path, lenient), file);
    }

    internal static List<FileRow> Typed(CsvTable table, TextFile file)
    {
        RefuseHeader(table, file);
        var rows = table.Rows().Select(row => row with { Mistake = Mistake(row, file) }).ToList();
        var whole = rows.Where(row => row.Mistake is null).ToList();
        var kinds = table.Columns.Select((_, column) => KindOf(whole.ConvertAll(row => row.Fields[column]))).ToArray();
        return rows.ConvertAll(row => row.Mistake is { } mistake
            ? new FileRow(row.Number, row.Line, null, mistake)
            : new FileRow(row.Number, row.Line, Row(table.Columns, row.Fields, (json, i, field) => Value(json, field, kinds[i])), null));
    }

    private static void RefuseHeader(CsvTable table, TextFile file)
    {
        if (table.Columns.Select(column => Mistake(column, file)).FirstOrDefault(mistake => mistake is not null) is { } wrong) throw new DatasetException($"{file}: its header {wrong}");
    }

    private static string? Mistake(CsvTableRow row, TextFile file)
        => row.Mistake ?? row.Fields.Select(field => Mistake(field, file)).FirstOrDefault(mistake => mistake is not null);

    private static string? Mistake(string field, TextFile file)
        => EscapedReader.BadBytes(field) is { } bytes ? file.Encoding.Mistake(bytes) : null;

    /// <summary>pandas reads a NUL as a character; in rows that are taught it is none.</summary>
    private static string? Nul(CsvTableRow row) => row.Fields.Any(field => field.Contains('\0', StringComparison.Ordinal)) ? SourceText.NulByte : null;

    private static string Inner(string path) => Compression.Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) ? Path.GetFileNameWithoutExtension(path) : path;

    private static JsonElement Row(IReadOnlyList<string> columns, IReadOnlyList<string> fields, Action<Utf8JsonWriter, int, string> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            for (var i = 0; i < columns.Count; i++)
            {
                json.WritePropertyName(columns[i]);
                write(json, i, fields[i]);
            }
            json.WriteEndObject();
        }
        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    private static void Value(Utf8JsonWriter json, string field, Kind kind)
    {
        if (_missing.Contains(field)) json.WriteNullValue();
        else if (kind == Kind.Whole) json.WriteRawValue(Int128.Parse(field.Trim(), Whole, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
        // A float's JSON keeps its point: 3 in a column of floats is 3.0.
        else if (kind == Kind.Real) json.WriteRawValue(Float(TryReal(field, out var value) ? value : double.NaN));
        else if (kind == Kind.Truth) json.WriteBooleanValue(IsTrue(field));
        else json.WriteStringValue(field);
    }

    private static string Float(double value)
    {
        if (!double.IsFinite(value)) return double.IsPositive(value) ? "\"Infinity\"" : "\"-Infinity\"";
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    private static bool IsTrue(string field) => field is "True" or "TRUE" or "true";

    private static bool IsTruth(string field) => IsTrue(field) || field is "False" or "FALSE" or "false";

    private static Kind KindOf(List<string> column)
    {
        var given = column.FindAll(field => !_missing.Contains(field));
        if (given.Count == 0) return Kind.Text;
        if (given.TrueForAll(IsTruth)) return Kind.Truth;
        var whole = given.ConvertAll(field => Int128.TryParse(field.Trim(), Whole, CultureInfo.InvariantCulture, out var value) ? value : (Int128?)null);
        if (given.Count == column.Count && (whole.TrueForAll(value => value >= long.MinValue && value <= long.MaxValue) || whole.TrueForAll(value => value >= 0 && value <= ulong.MaxValue))) return Kind.Whole;
        // Digits that a number of 64 bits would lose stay text.
        if (given.Exists(field => field.TrimStart('+', '-').All(char.IsAsciiDigit) && !long.TryParse(field, Whole, CultureInfo.InvariantCulture, out _))) return Kind.Text;
        return given.TrueForAll(field => TryReal(field, out _)) ? Kind.Real : Kind.Text;
    }

    /// <summary>A float, or an infinity as it is usually written.</summary>
    private static bool TryReal(string field, out double value)
    {
        var text = field.Trim();
        if (text.TrimStart('+', '-').ToLowerInvariant() is "inf" or "infinity")
        {
            value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        return double.TryParse(text, Real, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }
}
