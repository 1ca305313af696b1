using System.Text.Json;
using AlpacaCot.Files.Json;

namespace AlpacaCot.Data.Importing;

/// <summary>Reads the elements of one JSON array from a stream, in batches. An element that is too long is gone over without being held.</summary>
internal sealed class JsonArrayReader(Stream stream, JsonReaderOptions options)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _length;
    private bool _atEnd;
    private bool _opened;
    private bool _closed;
    private bool _hasElements;
    private JsonReaderState _state = new(options);

    /// <summary>Line breaks in what has been read, and those of them that the state of the JSON reader has not seen.</summary>
    private int _breaks, _unseenBreaks;

    /// <summary>What ended the array before its bracket, and where.</summary>
    public (string Text, int Line)? Mistake { get; private set; }

    /// <summary>The line of what is read next, from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Appends the next whole elements, none where the next one is too long and left out; false when the array has ended.</summary>
    public bool Next(List<JsonElement> batch)
    {
        while (!_closed && Mistake is null)
        {
            if (_length >= SourceText.LongestRow && !_atEnd) return Skip();
            Fill();
            try
            {
                Parse(batch);
            }
            catch (JsonException e)
            {
                Mistake = (_atEnd && JsonProblem.EndsEarly(e) ? "the file ends inside this row, it is truncated: fetch it again" : $"is not valid JSON: {JsonProblem.Describe(e)}",
                    (int)(e.LineNumber ?? 0) + 1 + _unseenBreaks);
            }
            if (batch.Count > 0) return true;
        }
        return false;
    }

    private void Fill()
    {
        if (_atEnd) return;
        if (_length == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        // Filled up each time: a row that is larger than the buffer is looked at again from its beginning.
        _length += stream.ReadAtLeast(_buffer.AsSpan(_length), _buffer.Length - _length, throwOnEndOfStream: false);
        _atEnd = _length < _buffer.Length;
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
            done = reader;
        }
        if (_atEnd && !_closed && batch.Count == 0) throw new JsonException("Reached end of data before the closing bracket");
        _hasElements |= batch.Count > 0;
        _state = done.CurrentState;
        Drop((int)done.BytesConsumed);
    }

    private void Drop(int bytes)
    {
        _breaks += _buffer.AsSpan(0, bytes).Count((byte)'\n');
        Buffer.BlockCopy(_buffer, bytes, _buffer, 0, _length - bytes);
        _length -= bytes;
    }

    /// <summary>Goes over the next element. The JSON reader goes on as if it had not been there.</summary>
    private bool Skip()
    {
        var (scan, before) = (new ElementEnd(alsoComma: !_hasElements), _breaks);
        Line = 1 + _breaks + _buffer.AsSpan(0, _buffer.AsSpan(0, _length).IndexOfAnyExcept(" \t\r\n,"u8)).Count((byte)'\n');
        while (true)
        {
            var end = scan.In(_buffer.AsSpan(0, _length));
            Drop(end < 0 ? _length : end);
            if (end >= 0) break;
            _length = stream.ReadAtLeast(_buffer, _buffer.Length, throwOnEndOfStream: false);
            if (_length > 0) continue;
            Mistake = (SourceText.TooLong, Line);
            return false;
        }
        _unseenBreaks += _breaks - before;
        return true;
    }

    /// <summary>Finds the end of an element of an array in chunks of its text, what stands before it and, if asked for, the comma after it included.</summary>
    private struct ElementEnd(bool alsoComma)
    {
        private int _depth;
        private bool _begun, _inText, _escaped, _ended;

        /// <summary>Where the element ends in a chunk, or -1 where it goes on.</summary>
        public int In(ReadOnlySpan<byte> chunk)
        {
            for (var i = 0; i < chunk.Length; i++)
            {
                var c = chunk[i];
                if (_ended)
                {
                    if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') continue;
                    return c == ',' ? i + 1 : i;
                }
                if (!_begun)
                {
                    if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)',') continue;
                    _begun = true;
                }
                // A number or a word ends where the next sign of the array stands.
                if (!_inText && _depth == 0 && c is ((byte)',' or (byte)']'))
                {
                    _ended = true;
                    if (!alsoComma) return i;
                    i--;
                    continue;
                }
                if (!Ends(c)) continue;
                _ended = true;
                if (!alsoComma) return i + 1;
            }
            return -1;
        }

        private bool Ends(byte c)
        {
            if (_inText)
            {
                if (_escaped) _escaped = false;
                else if (c == '\\') _escaped = true;
                else if (c == '"') _inText = false;
                return !_inText && _depth == 0;
            }
            if (c == '"') _inText = true;
            else if (c is (byte)'{' or (byte)'[') _depth++;
            else if (c is (byte)'}' or (byte)']') return --_depth == 0;
            return false;
        }
    }
}
