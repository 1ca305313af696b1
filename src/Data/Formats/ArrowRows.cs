using System.Text.Json;
using AlpacaCot.Data.Importing;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;

namespace AlpacaCot.Data.Formats;

/// <summary>Rows of Arrow IPC files and streams (Feather 2, the <c>.arrow</c> files of Hugging Face datasets), a record batch at a time.</summary>
internal static class ArrowRows
{
    private static readonly byte[] _fileMagic = "ARROW1"u8.ToArray();

    /// <summary>Whether a file's first bytes are Arrow's: the file form, or a stream's continuation mark. Streams from before version 0.15 have neither and are told by their name.</summary>
    public static bool Is(string path, ReadOnlySpan<byte> head)
        => head.StartsWith(_fileMagic) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF]) || Path.GetExtension(path).ToLowerInvariant() is ".arrow" or ".feather" or ".ipc";

    /// <summary>The rows in the file's order. A file that is damaged ends with a row that says so.</summary>
    public static IEnumerable<FileRow> Read(string path)
    {
        using var file = SourceBytes.OpenFile(path);
        var head = new byte[_fileMagic.Length];
        file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position = 0;
        using var reader = head.AsSpan().SequenceEqual(_fileMagic) ? new ArrowFileReader(file, new CompressionCodecFactory()) : new ArrowStreamReader(file, new CompressionCodecFactory());
        foreach (var row in Rows(path, reader.ReadNextRecordBatch, owned: false)) yield return row;
    }

    /// <summary>The rows of record batches.</summary>
    /// <param name="path">What to call the file in an error.</param>
    /// <param name="next">The next batch; null at the end.</param>
    /// <param name="owned">Whether a batch's memory is its own. Batches of a stream share their dictionaries, which the first one to be disposed of would take from the others.</param>
    public static IEnumerable<FileRow> Rows(string path, Func<RecordBatch?> next, bool owned)
    {
        var number = 0;
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        while (true)
        {
            RecordBatch? batch;
            try
            {
                batch = next();
            }
            catch (OutOfMemoryException e)
            {
                // The library makes room for what a message says of its size, before it reads.
                throw new DatasetException($"{path}: is damaged or has a record batch that memory does not hold: fetch it again, or write smaller batches", e);
            }
            catch (Exception e) when (e is not DatasetException)
            {
                throw new DatasetException($"{path}: is damaged or cut off: {Said(e)}; fetch it again", e);
            }
            if (batch is null) yield break;
            using (owned ? batch : null)
            {
                var names = batch.Schema.FieldsList.Select(field => field.Name).ToArray();
                if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice) throw new DatasetException($"{path}: has two columns of the name {twice}");
                var columns = batch.Arrays.ToArray();
                for (var row = 0; row < batch.Length; row++)
                {
                    var (value, mistake) = Row(row);
                    yield return new FileRow(++number, null, value, mistake);
                }

                (JsonElement?, string?) Row(int row)
                {
                    buffer.SetLength(0);
                    json.Reset();
                    try
                    {
                        ArrowValues.WriteRow(json, names, columns, row);
                    }
                    catch (RowException e)
                    {
                        return (null, e.Message);
                    }
                    json.Flush();
                    using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), new JsonDocumentOptions { MaxDepth = JsonRecords.DeepestNesting });
                    return (document.RootElement.Clone(), null);
                }
            }
        }
    }

    /// <summary>What an exception of a library says, without the names of its types.</summary>
    internal static string Said(Exception e)
    {
        const string Mark = "(message: '";
        // These name the library's own parameters.
        if (e is ArgumentException) return "a length, a type or an offset in it is none";
        var text = e.Message;
        var at = text.IndexOf(Mark, StringComparison.Ordinal);
        return (at < 0 ? text : text[(at + Mark.Length)..]).Split('\n')[0].TrimEnd('\'', ')', ' ', '.');
    }
}
