using AlpacaCot.Data.Importing;
using ParquetSharp;

namespace AlpacaCot.Data.Formats;

/// <summary>
/// Rows of Parquet files, a record batch at a time, through Arrow's own reader: it knows every encoding, codec and type that pyarrow writes, and compares the checksums of pages.
/// </summary>
internal static class ParquetRows
{
    private const int BatchRows = 1024;

    /// <summary>Whether a file's first bytes are Parquet's; an encrypted file has <c>PARE</c> at its beginning.</summary>
    public static bool Is(string path, ReadOnlySpan<byte> head) => head.StartsWith("PAR1"u8) || head.StartsWith("PARE"u8) || Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase);

    /// <summary>The rows in the file's order.</summary>
    /// <exception cref="DatasetException">The file is damaged, cut off or encrypted.</exception>
    public static IEnumerable<FileRow> Read(string path)
    {
        // What is missing, a folder or a pipe is told like that of any other file.
        SourceBytes.OpenFile(path).Dispose();
        return Read(path, withoutSchema: false);
    }

    private static IEnumerable<FileRow> Read(string path, bool withoutSchema)
    {
        var number = 0;
        using var file = new Footer(SourceBytes.OpenFile(path), withoutSchema);
        foreach (var row in Batches(path, file))
        {
            if (row is { } value)
            {
                number++;
                yield return value;
                continue;
            }
            // A list of a fixed length that is null stands in the file as an empty one, which the stored schema forbids; by the file's own types it can be read.
            foreach (var again in Read(path, withoutSchema: true).Skip(number)) yield return again;
            yield break;
        }
    }

    /// <summary>The rows, and null where the stored schema does not fit the values.</summary>
    private static IEnumerable<FileRow?> Batches(string path, Stream source)
    {
        using var properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnablePageChecksumVerification();
        using var settings = ParquetSharp.Arrow.ArrowReaderProperties.GetDefault();
        settings.BatchSize = BatchRows;
        ParquetSharp.Arrow.FileReader reader;
        try
        {
            reader = new ParquetSharp.Arrow.FileReader(source, properties, settings, leaveOpen: true);
            if (reader.ParquetReader.FileMetaData.NumColumns == 0)
            {
                reader.Dispose();
                yield break;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new DatasetException($"{path}: is no whole Parquet file: {ArrowRows.Said(e)}", e);
        }
        using (reader)
        using (var batches = reader.GetRecordBatchReader())
        {
            var fits = true;
            foreach (var row in ArrowRows.Rows(path, Next, owned: true)) yield return row;
            if (!fits) yield return null;

            Apache.Arrow.RecordBatch? Next()
            {
                try
                {
                    return batches.ReadNextRecordBatchAsync().AsTask().GetAwaiter().GetResult();
                }
                catch (Exception e) when (e.Message.Contains("Expected all lists to be of size", StringComparison.Ordinal))
                {
                    fits = false;
                    return null;
                }
            }
        }
    }

    /// <summary>A Parquet file of which the Arrow schema that its writer stored may be hidden, by another name of its key in the footer.</summary>
    private sealed class Footer : ReadOnlyStream
    {
        private const int MagicAndLength = 8;
        private readonly FileStream _file;
        private readonly List<long> _hidden = [];

        public Footer(FileStream file, bool withoutSchema)
        {
            _file = file;
            if (!withoutSchema) return;
            var end = new byte[MagicAndLength];
            file.Position = file.Length - end.Length;
            file.ReadExactly(end);
            var footer = new byte[BitConverter.ToInt32(end)];
            file.Position = file.Length - end.Length - footer.Length;
            var begin = file.Position;
            file.ReadExactly(footer);
            for (var at = footer.AsSpan().IndexOf("ARROW:schema"u8); at >= 0;)
            {
                _hidden.Add(begin + at);
                var next = footer.AsSpan(at + 1).IndexOf("ARROW:schema"u8);
                at = next < 0 ? -1 : at + 1 + next;
            }
        }

        public override bool CanSeek => true;

        public override long Length => _file.Length;

        public override long Position { get => _file.Position; set => _file.Position = value; }

        public override int Read(Span<byte> buffer)
        {
            var begin = _file.Position;
            var read = _file.Read(buffer);
            foreach (var at in _hidden)
                if (at >= begin && at < begin + read) buffer[(int)(at - begin)] = (byte)'X';
            return read;
        }

        public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

        protected override void Dispose(bool disposing)
        {
            if (disposing) _file.Dispose();
            base.Dispose(disposing);
        }
    }
}
