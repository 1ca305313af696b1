using System.Buffers;
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
    private bool _broken;

    public override void Push(ReadOnlySpan<char> text, bool begins, bool ends)
    {
        if (begins && ends && ByteTokens.Value(text) is >= 0 and var value)
        {
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
        var run = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_run);
        while (!_broken && _complete < run.Length)
        {
            var status = Rune.DecodeFromUtf8(run[_complete..], out _, out var consumed);
            if (status == OperationStatus.NeedMoreData) return;
            _broken = status != OperationStatus.Done;
            _complete += consumed;
        }
        // Nothing can mend a broken run, so its tokens need not wait for its end.
        if (_broken) Break();
    }

    private void Break()
    {
        for (var i = 0; i < _run.Count; i++) Next.Push("\uFFFD", begins: true, ends: true);
        _run.Clear();
    }

    private void CloseRun()
    {
        if (_run.Count > 0)
        {
            if (_complete == _run.Count) Next.Push(Encoding.UTF8.GetString([.. _run]), begins: true, ends: true);
            else Break();
        }
        _run.Clear();
        (_complete, _broken) = (0, false);
    }
}
