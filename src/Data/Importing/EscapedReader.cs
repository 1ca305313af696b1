using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// Reads UTF-8 as characters. A byte that is none becomes a lone surrogate of its own, as Python's <c>surrogateescape</c> does it, which no text can hold: so the field that has it is found wrong, and
/// those around it are whole.
/// </summary>
internal sealed class EscapedReader(Stream stream) : TextReader
{
    private const char Escape = '\uDC00';
    private const char FirstEscape = '\uDC80';
    private const char LastEscape = '\uDCFF';
    private const int BufferSize = 1 << 16;

    private readonly byte[] _bytes = new byte[BufferSize];
    private readonly char[] _chars = new char[BufferSize];
    private int _length;
    private int _at;
    private int _count;
    private bool _ended;

    public override int Peek() => Fill() ? _chars[_at] : -1;

    public override int Read() => Fill() ? _chars[_at++] : -1;

    /// <summary>The bytes of a text that has some which are no characters; null where it has none.</summary>
    public static byte[]? BadBytes(string text)
    {
        if (Bad(text, 0) is not (>= 0 and var bad)) return null;
        var bytes = new List<byte>(text.Length);
        for (var from = 0; from < text.Length; bad = Bad(text, from))
        {
            var end = bad < 0 ? text.Length : bad;
            bytes.AddRange(Encoding.UTF8.GetBytes(text[from..end]));
            if (bad >= 0) bytes.Add((byte)(text[bad] - Escape));
            from = end + 1;
        }
        return [.. bytes];
    }

    /// <summary>Where the next escaped byte stands: a low surrogate after no high one.</summary>
    private static int Bad(string text, int from)
    {
        while (from < text.Length)
        {
            var found = text.AsSpan(from).IndexOfAnyInRange(FirstEscape, LastEscape);
            if (found < 0) return -1;
            var at = from + found;
            if (at == 0 || !char.IsHighSurrogate(text[at - 1])) return at;
            from = at + 1;
        }
        return -1;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) stream.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        while (_at == _count)
        {
            if (!_ended && _length < _bytes.Length / 2)
            {
                var read = stream.Read(_bytes, _length, _bytes.Length - _length);
                _ended = read == 0;
                _length += read;
            }
            if (_length == 0 && _ended) return false;
            Decode();
        }
        return true;
    }

    private void Decode()
    {
        var status = Utf8.ToUtf16(_bytes.AsSpan(0, _length), _chars, out var used, out _count, replaceInvalidSequences: false, isFinalBlock: _ended);
        _at = 0;
        if (status == OperationStatus.InvalidData && _count < _chars.Length) _chars[_count++] = (char)(Escape + _bytes[used++]);
        _length -= used;
        Buffer.BlockCopy(_bytes, used, _bytes, 0, _length);
    }
}
