using System.Text;
using AlpacaCot.Data.Formats;

namespace AlpacaCot.Data.Importing;

/// <summary>
/// A text in another encoding as UTF-8. Where bytes are no character of it, two bytes stand that UTF-8 never has, and the first of them in hex: the row that has them is found wrong like one of bad
/// UTF-8, and the rows around it are whole.
/// </summary>
internal sealed class TranscodedStream(Stream content, Encoding encoding) : ReadOnlyStream
{
    private const int BufferBytes = 1 << 15;
    private const byte NoUtf8 = 0xFF;
    private const char ByteOrderMark = '\uFEFF';

    private readonly Decoder _decoder = encoding.GetDecoder();
    private readonly Encoder _encoder = new UTF8Encoding(false).GetEncoder();
    private readonly bool _isUnicode = encoding.CodePage is 1200 or 1201 or 12000 or 12001;
    private readonly bool _hasPrivateUse = encoding.CodePage is 54936;
    private readonly byte[] _bytes = new byte[BufferBytes];
    private readonly char[] _chars = new char[encoding.GetMaxCharCount(BufferBytes)];
    private byte[] _text = new byte[BufferBytes];
    private int _at;
    private int _length;
    private bool _begun;
    private bool _ended;

    public override int Read(Span<byte> buffer)
    {
        while (_at == _length && !_ended) Fill();
        var count = Math.Min(buffer.Length, _length - _at);
        _text.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    /// <summary>The first byte of a row that was no character, in hex; null where all were.</summary>
    public static string? BadByte(ReadOnlySpan<byte> row)
    {
        for (var at = row.IndexOf([NoUtf8, NoUtf8]); at >= 0 && at + 3 < row.Length;)
        {
            if (char.IsAsciiHexDigit((char)row[at + 2]) && char.IsAsciiHexDigit((char)row[at + 3])) return Encoding.ASCII.GetString(row.Slice(at + 2, 2));
            var next = row[(at + 1)..].IndexOf([NoUtf8, NoUtf8]);
            at = next < 0 ? -1 : at + 1 + next;
        }
        return null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) content.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        var read = content.Read(_bytes, 0, _bytes.Length);
        _ended = read == 0;
        var chars = _chars.AsSpan(0, _decoder.GetChars(_bytes, 0, read, _chars, 0, flush: _ended));
        (_at, _length) = (0, 0);
        if (!_begun && chars.Length > 0)
        {
            _begun = true;
            if (chars[0] == ByteOrderMark) chars = chars[1..];
        }
        while (chars.Length > 0)
        {
            var good = NextBad(chars);
            Encode(good < 0 ? chars : chars[..good], flush: good >= 0);
            if (good < 0) break;
            Mark(chars[good]);
            chars = chars[(good + 1)..];
        }
        if (_ended) Encode([], flush: true);
    }

    private int NextBad(ReadOnlySpan<char> chars)
    {
        if (_isUnicode) return chars.IndexOf(BadBytes.Mark);
        for (var i = 0; i < chars.Length; i++)
        {
            // Below are ASCII, above the characters of most scripts: neither is looked at closer.
            if (chars[i] is >= '\u0080' and < '\u00A0' or BadBytes.Mark || (!_hasPrivateUse && chars[i] is >= '\uE000' and < '\uF900')) return i;
        }
        return -1;
    }

    /// <summary>The decoder writes the digits of its own marks. What the code pages of the runtime decode to controls or private use is no character of the encoding either: it fills gaps of the tables.</summary>
    private void Mark(char bad)
    {
        Room(4);
        (_text[_length], _text[_length + 1]) = (NoUtf8, NoUtf8);
        _length += 2;
        if (bad == BadBytes.Mark) return;
        foreach (var digit in encoding.GetBytes([bad])[0].ToString("X2", System.Globalization.CultureInfo.InvariantCulture)) _text[_length++] = (byte)digit;
    }

    private void Encode(ReadOnlySpan<char> chars, bool flush)
    {
        Room(_encoder.GetByteCount(chars, flush));
        _length += _encoder.GetBytes(chars, _text.AsSpan(_length), flush);
    }

    private void Room(int bytes)
    {
        if (_text.Length - _length < bytes) Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + bytes));
    }
}
