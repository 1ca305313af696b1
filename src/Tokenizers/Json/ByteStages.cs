using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Json;

/// <summary>Stand-ins back to bytes, bytes to text; one U+FFFD for each maximal broken part.</summary>
internal sealed class ByteLevelStage(DecodeStage next) : DecodeStage(next)
{
    private readonly StringBuilder _partial = new();
    private byte[] _bytes = new byte[64];
    private int _pending;
    private bool _began;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (!(begins && ends))
        {
            _partial.Append(text);
            if (!ends) return;
            text = _partial.ToString();
            _partial.Clear();
        }
        if (_bytes.Length < _pending + 3 * text.Length) Array.Resize(ref _bytes, 2 * (_pending + 3 * text.Length));
        var at = _pending;
        foreach (var c in text)
        {
            var b = ByteAlphabet.Byte(c);
            if (b < 0)
            {
                // One character without a byte makes the token text as it is.
                at = _pending + Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_pending));
                break;
            }
            _bytes[at++] = (byte)b;
        }
        Decode(_bytes.AsSpan(0, at), last: false);
    }

    public override void End()
    {
        if (_partial.Length > 0) Push("", begins: false, ends: true);
        Decode(_bytes.AsSpan(0, _pending), last: true);
        base.End();
    }

    private void Decode(Span<byte> bytes, bool last)
    {
        Span<char> text = stackalloc char[256];
        var written = 0;
        var at = 0;
        while (at < bytes.Length)
        {
            var status = Rune.DecodeFromUtf8(bytes[at..], out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData && !last) break;
            written += rune.EncodeToUtf16(text[written..]);
            at += consumed;
            if (written < 254) continue;
            Write(text[..written]);
            written = 0;
        }
        _pending = bytes.Length - at;
        bytes[at..].CopyTo(_bytes);
        Write(text[..written]);
    }

    private void Write(ReadOnlySpan<char> text)
    {
        if (text.Length == 0) return;
        Next.Push(text, !_began, ends: false);
        _began = true;
    }
}

/// <summary>Runs of byte tokens to text; a run that is not valid as a whole is one U+FFFD for each token.</summary>
internal sealed class ByteFallbackStage(DecodeStage next) : DecodeStage(next)
{
    private readonly List<byte> _run = [];
    private int _complete;
    private int _written;
    private bool _broken;
    private bool _same;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (begins && ends && ByteTokens.Value(text) is >= 0 and var value)
        {
            if (_run.Count == 0) (_complete, _written, _broken, _same) = (0, 0, false, true);
            _run.Add((byte)value);
            Check();
            return;
        }
        CloseRun();
        Next.Push(text, begins, ends);
    }

    public override void End()
    {
        CloseRun();
        base.End();
    }

    private void Check()
    {
        while (!_broken && _complete < _run.Count)
        {
            var status = Rune.DecodeFromUtf8(CollectionsMarshal.AsSpan(_run)[_complete..], out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData) return;
            _broken = status != OperationStatus.Done;
            _complete += consumed;
            // A run that begins with U+FFFD itself shows it whether it will turn out valid or not.
            _same &= !_broken && rune.Value == 0xFFFD;
            if (_same) Replace(1);
        }
        // Nothing can mend a broken run, so its tokens need not wait for its end.
        if (_broken) Replace(_run.Count - _written);
    }

    private void Replace(int count)
    {
        for (var i = 0; i < count; i++) Next.Push("\uFFFD", begins: true, ends: true);
        _written += count;
    }

    private void CloseRun()
    {
        if (_run.Count > 0 && !_broken)
        {
            if (_complete < _run.Count) Replace(_run.Count - _written);
            else Next.Push(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_run)).AsSpan(_written), begins: _written == 0, ends: true);
        }
        _run.Clear();
    }
}
