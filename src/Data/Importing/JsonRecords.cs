using System.Text.Json;
using System.Text.Unicode;

namespace AlpacaCot.Data.Importing;

/// <summary>One line of JSON lines: its value, or what is wrong with it.</summary>
internal readonly record struct JsonLine(int Number, JsonElement? Value, string? Mistake);

/// <summary>Streams the objects of a JSON array or of JSON lines; memory holds one batch of rows, never the file.</summary>
internal static class JsonRecords
{
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 256 };
    private static readonly JsonReaderOptions _readerOptions = new() { MaxDepth = 256 };

    public static IEnumerable<InstructionRecord> ReadLines(string path, string source)
    {
        var row = 0;
        foreach (var line in Lines(path))
        {
            var place = $"row {++row}, line {line.Number}";
            if (line.Value is not { } value) throw new DatasetException($"{path}: {place}: {line.Mistake}");
            foreach (var record in JsonRow.Records(value, path, place, source, row)) yield return record;
        }
    }

    /// <summary>The lines that are not blank, each with its value or with what is wrong with it; a bad line does not end the file.</summary>
    public static IEnumerable<JsonLine> Lines(string path)
    {
        using var stream = SourceText.Open(path);
        foreach (var (number, bytes) in SourceText.Lines(stream))
            if (!bytes.AsSpan().Trim(" \t\r\n"u8).IsEmpty) yield return ParseLine(number, bytes);
    }

    public static IEnumerable<InstructionRecord> ReadArray(string path, string source)
    {
        using var stream = SourceText.Open(path);
        var elements = new ArrayReader(path, stream);
        var batch = new List<JsonElement>();
        var row = 0;
        while (elements.Next(batch))
        {
            foreach (var element in batch)
            {
                row++;
                foreach (var record in JsonRow.Records(element, path, $"row {row}", source, row)) yield return record;
            }
            batch.Clear();
        }
    }

    private static JsonLine ParseLine(int number, ArraySegment<byte> bytes)
    {
        // The JSON reader does not look at the bytes of a text before it is asked for.
        if (!Utf8.IsValid(bytes)) return new JsonLine(number, null, "is not valid UTF-8; save the file as UTF-8");
        try
        {
            using var document = JsonDocument.Parse(bytes, _options);
            return new JsonLine(number, document.RootElement.Clone(), null);
        }
        catch (JsonException e)
        {
            return new JsonLine(number, null, $"is not one whole JSON object: {Reason(e)}");
        }
    }

    // System.Text.Json ends its messages with " LineNumber: … | BytePositionInLine: …"; our messages give the place themselves.
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? e.Message : e.Message[..end]).Trim();
    }

    private sealed class ArrayReader(string path, Stream stream)
    {
        private byte[] _buffer = new byte[1 << 16];
        private int _length;
        private bool _atEnd;
        private bool _opened;
        private bool _closed;
        private int _rows;
        private JsonReaderState _state = new(_readerOptions);

        /// <summary>Appends the next whole elements; false when the array has ended.</summary>
        public bool Next(List<JsonElement> batch)
        {
            while (!_closed && batch.Count == 0)
            {
                Fill();
                try
                {
                    Parse(batch);
                }
                catch (JsonException e)
                {
                    var line = (e.LineNumber ?? 0) + 1;
                    throw new DatasetException(_atEnd && EndsEarly(e)
                        ? $"{path}: ends inside row {_rows + 1} (line {line}): the file is truncated; fetch it again"
                        : $"{path}: row {_rows + 1} (line {line}) is not valid JSON: {Reason(e)}", e);
                }
            }
            return batch.Count > 0;
        }

        private static bool EndsEarly(JsonException e)
            => e.Message.Contains("end of the data", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("end of data", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("end of string", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("incomplete", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("depth to be zero", StringComparison.OrdinalIgnoreCase);

        private void Fill()
        {
            if (_atEnd) return;
            if (_length == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = stream.Read(_buffer, _length, _buffer.Length - _length);
            _length += read;
            _atEnd = read == 0;
        }

        private void Parse(List<JsonElement> batch)
        {
            var reader = new Utf8JsonReader(_buffer.AsSpan(0, _length), _atEnd, _state);
            var done = reader;
            while (true)
            {
                if (!reader.Read()) break;
                if (!_opened)
                {
                    if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("expected an array of rows");
                    _opened = true;
                    done = reader;
                    continue;
                }
                if (reader.TokenType == JsonTokenType.EndArray)
                {
                    _closed = true;
                    done = reader;
                    if (reader.Read()) throw new JsonException("more text follows the closing bracket");
                    break;
                }
                if (!JsonDocument.TryParseValue(ref reader, out var document)) break;
                using (document) batch.Add(document.RootElement.Clone());
                _rows++;
                done = reader;
            }
            if (_atEnd && !_closed && batch.Count == 0) throw new JsonException("Reached end of data before the closing bracket");
            var used = (int)done.BytesConsumed;
            _state = done.CurrentState;
            Buffer.BlockCopy(_buffer, used, _buffer, 0, _length - used);
            _length -= used;
        }
    }
}
