using System.Text;
using System.Text.Json;
using AlpacaCot.Data.Formats;
using AlpacaCot.Data.Importing;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Separated values as Python's csv and pandas read them.</summary>
[Trait("Category", "Golden")]
public sealed class CsvGoldenTests
{
    /// <summary>Options of pandas that change numbers or columns after reading; the product has none of them.</summary>
    private static readonly string[] _beyondReading = ["decimal", "thousands", "index_col"];

    static CsvGoldenTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static IEnumerable<object[]> Cases => Golden.Folders("format_csv");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Csv_EveryFile_HasItsRows(string folder)
    {
        var golden = Golden.Open(folder);
        var faults = new List<string>();
        foreach (var expected in JsonGolden.Lines(golden.File("expected.jsonl")))
        {
            var path = golden.File(expected.GetProperty("file").GetString()!);
            var dialect = expected.GetProperty("dialect");
            var text = File.ReadAllText(path, EncodingOf(dialect));
            Compare(path, expected.GetProperty("rows"), new CsvText(new StringReader(text), Dialect(dialect)).Records().Select(record => record.Fields));
            var options = expected.GetProperty("pandas_options");
            if (_beyondReading.Any(name => options.TryGetProperty(name, out _))) continue;
            var (asText, typed) = (expected.GetProperty("pandas_text"), expected.GetProperty("pandas"));
            try
            {
                var table = new CsvTable(new StringReader(text), Dialect(options), path, lenient: true);
                var rows = table.Rows().ToList();
                if (rows.Find(row => row.Mistake is not null) is { Mistake: { } mistake }) throw new DatasetException(mistake);
                if (asText.TryGetProperty("error", out var error)) faults.Add($"{path}: read although {error}");
                else
                {
                    Compare($"{path} columns", asText.GetProperty("columns"), table.Columns);
                    Compare($"{path} as texts", asText.GetProperty("rows"), rows.Select(row => row.Fields));
                    Compare($"{path} typed", typed.GetProperty("rows"), CsvRows.Typed(new CsvTable(new StringReader(text), Dialect(options), path, lenient: true), path).Select(row => row.Value!.Value.EnumerateObject().Select(field => field.Value)));
                }
            }
            catch (DatasetException e)
            {
                if (!asText.TryGetProperty("error", out _)) faults.Add($"{path}: {e.Message}");
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));

        void Compare<T>(string what, JsonElement wanted, IEnumerable<T> rows)
        {
            var found = JsonSerializer.SerializeToElement(rows);
            if (!JsonGolden.Equal(wanted, found)) faults.Add($"{what}: {Short(found)}, expected {Short(wanted)}");
        }

        static string Short(JsonElement json) => json.GetRawText()[..Math.Min(400, json.GetRawText().Length)];
    }

    private static Encoding EncodingOf(JsonElement dialect) => (dialect.TryGetProperty("encoding", out var name) ? name.GetString() : "utf-8") switch
    {
        "utf-8-sig" => new UTF8Encoding(true),
        "latin-1" => Encoding.Latin1,
        var other => Encoding.GetEncoding(other!),
    };

    private static CsvDialect Dialect(JsonElement options)
    {
        char? Letter(params string[] names) => names.Select(name => options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()![0] : (char?)null).FirstOrDefault(letter => letter is not null);
        bool? Flag(string name) => options.TryGetProperty(name, out var value) ? value.GetBoolean() : null;
        var unquoted = options.TryGetProperty("quoting", out var quoting) && quoting.GetInt32() == 3;
        return new CsvDialect
        {
            Delimiter = Letter("delimiter", "sep") ?? ',', Quote = unquoted ? null : Letter("quotechar") ?? '"', Escape = Letter("escapechar"), DoubledQuotes = Flag("doublequote") ?? true,
            SkipInitialSpace = Flag("skipinitialspace") ?? false, Comment = Letter("comment"),
        };
    }
}
