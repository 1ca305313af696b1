using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlpacaCot.Evaluation;

/// <summary>Reads a suite's rows: JSON lines, a JSON array, or CSV with a header. Numeric CSV columns become numbers, as tables are usually read.</summary>
internal static class Rows
{
    /// <exception cref="EvaluationException">The file is missing or a row is broken; the message names the line.</exception>
    public static List<JsonObject> Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path}: cannot be read: {e.Message}");
        }
        var rows = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".csv" => Csv(path, text),
            ".json" when text.AsSpan().TrimStart().StartsWith("[") => Array(path, text),
            _ => Lines(path, text),
        };
        return rows.Count > 0 ? rows : throw new EvaluationException($"{path}: has no row");
    }

    /// <summary>A field as text.</summary>
    public static string Field(JsonObject row, string key, string path)
        => row.TryGetPropertyValue(key, out var value) && value is not null
            ? PythonJson.Str(value)
            : throw new EvaluationException($"{path}: a row has no '{key}'; it has {string.Join(", ", row.Select(p => p.Key).Take(10))}");

    private static List<JsonObject> Lines(string path, string text)
    {
        var rows = new List<JsonObject>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            rows.Add(Parse(line, $"{path}, line {number}") as JsonObject ?? throw new EvaluationException($"{path}, line {number}: is not a JSON object"));
        }
        return rows;
    }

    private static List<JsonObject> Array(string path, string text)
        => [.. ((JsonArray)Parse(text, path)!).Select((row, i) => row as JsonObject ?? throw new EvaluationException($"{path}, row {i + 1}: is not a JSON object"))];

    private static JsonNode? Parse(string text, string where)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new EvaluationException($"{where}: is not valid JSON: {e.Message}");
        }
    }

    private static List<JsonObject> Csv(string path, string text)
    {
        var records = Records(text.TrimStart('\ufeff'));
        if (records.Count == 0) return [];
        var header = records[0].Select((name, i) => name.Length > 0 ? name : string.Create(CultureInfo.InvariantCulture, $"Unnamed: {i}")).ToArray();
        var body = records.Skip(1).ToList();
        for (var r = 0; r < body.Count; r++)
            if (body[r].Count != header.Length)
                throw new EvaluationException($"{path}, row {r + 1}: has {body[r].Count} fields, the header {header.Length}");
        var convert = header.Select((_, column) => Converter(body.ConvertAll(row => row[column]))).ToArray();
        return body.ConvertAll(row => new JsonObject(row.Select((field, i) => KeyValuePair.Create(header[i], convert[i](field)))));
    }

    /// <summary>A column is numeric where all its fields are: whole numbers, or any numbers; empty fields are null.</summary>
    private static Func<string, JsonNode?> Converter(List<string> column)
    {
        const NumberStyles Whole = NumberStyles.AllowLeadingSign;
        const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        var empty = column.Any(f => f.Length == 0);
        if (!empty && column.All(f => long.TryParse(f, Whole, CultureInfo.InvariantCulture, out _)))
            return f => JsonValue.Create(long.Parse(f, Whole, CultureInfo.InvariantCulture));
        if (column.Any(f => f.Length > 0) && column.All(f => f.Length == 0 || double.TryParse(f, Real, CultureInfo.InvariantCulture, out _)))
            return f => f.Length == 0 ? null : JsonValue.Create(double.Parse(f, Real, CultureInfo.InvariantCulture));
        return f => f.Length == 0 ? null : JsonValue.Create(f);
    }

    /// <summary>RFC 4180: quoted fields may hold commas, line breaks and doubled quotes.</summary>
    private static List<List<string>> Records(string text)
    {
        var records = new List<List<string>>();
        var record = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        var any = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
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
                    quoted = any = true;
                    break;
                case ',':
                    record.Add(field.ToString());
                    field.Clear();
                    any = true;
                    break;
                case '\r' when i + 1 < text.Length && text[i + 1] == '\n':
                    break;
                case '\n' or '\r':
                    EndRecord();
                    break;
                default:
                    field.Append(c);
                    any = true;
                    break;
            }
        }
        EndRecord();
        return records;

        void EndRecord()
        {
            if (!any) return;
            record.Add(field.ToString());
            records.Add(record);
            (record, any) = ([], false);
            field.Clear();
        }
    }
}
