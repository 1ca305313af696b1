using System.Text.Json;
using AlpacaCot.Data.Formats;
using AlpacaCot.Data.Importing;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Parquet and Arrow as pyarrow reads them, compressed files as Python does; files that must be refused are.</summary>
[Trait("Category", "Golden")]
public sealed class FormatGoldenTests
{
    public static IEnumerable<object[]> Parquet => Golden.Folders("format_parquet");

    public static IEnumerable<object[]> Arrow => Golden.Folders("format_arrow");

    public static IEnumerable<object[]> Compressed => Golden.Folders("format_compression");

    [Theory]
    [MemberData(nameof(Parquet))]
    public void Parquet_EveryFile_HasItsRows(string folder)
    {
        var golden = Golden.Open(folder);
        var faults = new List<string>();
        foreach (var path in Directory.EnumerateFiles(golden.Path, "*.json").Where(path => Path.GetFileName(path) != "golden.json").Order(StringComparer.Ordinal))
        {
            var expected = JsonGolden.Parse(path);
            if (expected.TryGetProperty("data_as_in", out var other)) expected = JsonGolden.Parse(Path.Combine(golden.Path, Path.ChangeExtension(other.GetString()!, ".json")));
            JsonGolden.Compare(faults, Path.ChangeExtension(path, ".parquet"), expected.GetProperty("data"), ParquetRows.Read);
        }
        Refused(faults, golden, path => ParquetRows.Read(path).Count());
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [MemberData(nameof(Arrow))]
    public void Arrow_EveryFile_HasItsRows(string folder)
    {
        var golden = Golden.Open(folder);
        var faults = new List<string>();
        foreach (var path in Directory.EnumerateFiles(golden.Path, "*.json").Where(path => Path.GetFileName(path) != "golden.json").Order(StringComparer.Ordinal))
        {
            var (expected, stem) = (JsonGolden.Parse(path), Path.Combine(golden.Path, Path.GetFileNameWithoutExtension(path)));
            if (expected.TryGetProperty("splits", out var splits))
                foreach (var split in splits.EnumerateObject()) JsonGolden.Compare(faults, Path.Combine(stem, split.Name), split.Value, Folder);
            else if (Directory.Exists(stem)) JsonGolden.Compare(faults, stem, expected.GetProperty("data"), Folder);
            else JsonGolden.Compare(faults, new[] { ".arrow", ".feather" }.Select(ending => stem + ending).First(File.Exists), expected.GetProperty("data"), ArrowRows.Read);
        }
        Refused(faults, golden, path => ArrowRows.Read(path).Count());
        Assert.True(faults.Count == 0, string.Join('\n', faults));

        static IEnumerable<FileRow> Folder(string path) => SavedDataset.Files(path)!.SelectMany(ArrowRows.Read);
    }

    [Theory]
    [MemberData(nameof(Compressed))]
    public void Compression_EveryFile_HasItsContent(string folder)
    {
        var golden = Golden.Open(folder);
        var faults = new List<string>();
        foreach (var expected in JsonGolden.Lines(golden.File("expected.jsonl")))
        {
            var path = golden.File(expected.GetProperty("file").GetString()!);
            try
            {
                using var content = Open(path);
                JsonGolden.CompareContent(faults, path, expected, content);
            }
            catch (DatasetException e)
            {
                faults.Add(e.Message);
            }
        }
        foreach (var expected in JsonGolden.Lines(golden.File("archives.jsonl")))
        {
            var path = golden.File(expected.GetProperty("file").GetString()!);
            var wanted = expected.GetProperty("entries").EnumerateArray().ToList();
            var seen = new List<string>();
            foreach (var entry in Archives.Entries(path))
            {
                using var content = entry.Open();
                if (seen.Count < wanted.Count) JsonGolden.CompareContent(faults, $"{path} {entry.Name}", wanted[seen.Count], content);
                seen.Add(entry.Name);
            }
            var names = wanted.ConvertAll(entry => entry.GetProperty("name").GetString()!);
            if (!names.SequenceEqual(seen)) faults.Add($"{path}: entries {string.Join(", ", seen)}, expected {string.Join(", ", names)}");
        }
        Refused(faults, golden, path =>
        {
            if (path.EndsWith(".zip", StringComparison.Ordinal))
                return Archives.Entries(path).Sum(entry => Read(entry.Open()));
            return Read(Open(path));
        });
        Assert.True(faults.Count == 0, string.Join('\n', faults));

        // Two forms have no first bytes that tell them; no file of rows is called like that, so they are asked for.
        static Stream Open(string path) => Path.GetFileNameWithoutExtension(path) switch
        {
            "zlib" => Compression.Open(SourceBytes.OpenFile(path), CompressionForm.Zlib, path),
            "deflate" => Compression.Open(SourceBytes.OpenFile(path), CompressionForm.Deflate, path),
            _ => SourceBytes.OpenStream(path),
        };

        static int Read(Stream content)
        {
            using var copy = new MemoryStream();
            using (content) content.CopyTo(copy);
            return (int)copy.Length;
        }
    }

    private static void Refused(List<string> faults, GoldenCase golden, Func<string, int> read)
    {
        foreach (var broken in JsonGolden.Lines(golden.File("broken.jsonl")))
        {
            var path = golden.File(broken.GetProperty("file").GetString()!);
            try
            {
                read(path);
                faults.Add($"{path}: was read");
            }
            catch (DatasetException e) when (e.Message.StartsWith(path, StringComparison.Ordinal) && !e.Message.Contains('\n', StringComparison.Ordinal))
            {
            }
        }
    }
}
