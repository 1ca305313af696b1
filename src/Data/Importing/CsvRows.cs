using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// CSV with a header (RFC 4180): quoted fields may hold commas, line breaks and doubled quotes. A column whose fields are all numbers becomes numbers, an
/// empty field null, as tables are usually read.
/// </summary>
internal static class CsvRows
{
    /// <summary>The rows as objects of header to field, in the file's order.</summary>
    /// <exception cref="DatasetException">The file cannot be read, is not UTF-8, or its header names two columns alike.</exception>
    public static IEnumerable<FileRow> Read(string path)
    {
        var records = Records(RowFile.Text(path), out var open);
        if (records.Count == 0) throw new DatasetException($"{path}: is empty");
        if (open is { } line) throw new DatasetException($"{path}: line {line}: a quoted field is not closed");
        var header = records[0].Fields.Select((name, i) => name.Length > 0 ? name : string.Create(CultureInfo.InvariantCulture, $"Unnamed: {i}")).ToArray();
        if (header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new DatasetException($"{path}: its header names the column {twice} twice");
        var body = records.Skip(1).ToList();
        var whole = body.Where(record => record.Fields.Count == header.Length).ToList();
        var kinds = header.Select((_, column) => KindOf(whole.ConvertAll(record => record.Fields[column]))).ToArray();
        for (var i = 0; i < body.Count; i++)
        {
            var (at, fields) = body[i];
            yield return fields.Count == header.Length
                ? new FileRow(i + 1, at, Row(header, fields, kinds), null)
                : new FileRow(i + 1, at, null, $"has {fields.Count} fields, the header {header.Length}");
        }
    }

    private static JsonElement Row(string[] header, List<string> fields, Kind[] kinds)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            for (var i = 0; i < header.Length; i++)
            {
                json.WritePropertyName(header[i]);
                if (fields[i].Length == 0) json.WriteNullValue();
                else if (kinds[i] == Kind.Whole) json.WriteNumberValue(long.Parse(fields[i], Whole, CultureInfo.InvariantCulture));
                // A float's JSON keeps its point: 3 in a column of floats is 3.0.
                else if (kinds[i] == Kind.Real) json.WriteRawValue(Float(double.Parse(fields[i], Real, CultureInfo.InvariantCulture)));
                else json.WriteStringValue(fields[i]);
            }
            json.WriteEndObject();
        }
        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    private static string Float(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    private const NumberStyles Whole = NumberStyles.AllowLeadingSign;
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private enum Kind
    {
        Text,
        Whole,
        Real,
    }

    private static Kind KindOf(List<string> column)
    {
        if (column.TrueForAll(f => f.Length > 0 && long.TryParse(f, Whole, CultureInfo.InvariantCulture, out _))) return Kind.Whole;
        // Digits that a number of 64 bits would lose stay text.
        if (column.Exists(f => f.Length > 0 && f.TrimStart('+', '-').All(char.IsAsciiDigit) && !long.TryParse(f, Whole, CultureInfo.InvariantCulture, out _))) return Kind.Text;
        return column.Exists(f => f.Length > 0) && column.TrueForAll(f => f.Length == 0 || double.TryParse(f, Real, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)) ? Kind.Real : Kind.Text;
    }

    /// <param name="text">The file.</param>
    /// <param name="open">The line on which a quoted field begins that never ends, or null.</param>
    private static List<(int Line, List<string> Fields)> Records(string text, out int? open)
    {
        var records = new List<(int, List<string>)>();
        var record = new List<string>();
        var field = new StringBuilder();
        var (quoted, any, line, began, quoteLine) = (false, false, 1, 1, 0);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\n') line++;
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') { field.Append('"'); i++; }
                else quoted = false;
                continue;
            }
            switch (c)
            {
                case '"' when field.Length == 0:
                    Begin();
                    (quoted, quoteLine) = (true, line);
                    break;
                case ',':
                    Begin();
                    record.Add(field.ToString());
                    field.Clear();
                    break;
                case '\r' when i + 1 < text.Length && text[i + 1] == '\n':
                    break;
                case '\n' or '\r':
                    EndRecord();
                    break;
                default:
                    Begin();
                    field.Append(c);
                    break;
            }
        }
        EndRecord();
        open = quoted ? quoteLine : null;
        return records;

        void Begin()
        {
            if (!any) began = line;
            any = true;
        }

        void EndRecord()
        {
            if (!any) return;
            record.Add(field.ToString());
            records.Add((began, record));
            (record, any) = ([], false);
            field.Clear();
        }
    }
}
