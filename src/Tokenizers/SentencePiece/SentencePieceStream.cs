using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>What each piece says: its text with U+2581 as a space, or its byte (−1: none).</summary>
internal sealed record SentencePieceSurfaces(string[] Texts, short[] Bytes)
{
    public static SentencePieceSurfaces Of(SentencePieceModel model) => new(
        [.. model.Pieces.Select(piece => piece.Text.Replace(SentencePieceNormalizer.Space, ' '))],
        [.. model.Pieces.Select(piece => piece.Type == PieceType.Byte ? (short)ByteTokens.Value(piece.Text) : (short)-1)]);
}

/// <summary>
/// Decoding as SentencePiece does it: control pieces say nothing, the space that the dummy prefix put in front is taken away once, byte pieces are
/// collected into characters and every byte that belongs to none becomes one U+FFFD.
/// </summary>
internal sealed class SentencePieceStream(SentencePieceModel model, SentencePieceSurfaces surfaces, AddedTokens added, bool skipSpecialTokens) : ITokenStream
{
    private readonly StringBuilder _text = new();
    private readonly byte[] _bytes = new byte[4];
    private int _pending;
    private bool _atBegin = true;
    private bool _tookSpace;
    private bool _wrote;

    public string Append(int id)
    {
        Feed(id);
        return Take();
    }

    public string Flush()
    {
        CloseBytes();
        return Take();
    }

    /// <summary>Takes one id; ids outside the vocabulary say nothing.</summary>
    public void Feed(int id)
    {
        if (added.Find(id) is { } token)
        {
            CloseBytes();
            Write(token.Special && skipSpecialTokens ? "" : token.Content);
            return;
        }
        if ((uint)id >= model.Pieces.Count) return;
        var piece = model.Pieces[id];
        if (surfaces.Bytes[id] >= 0)
        {
            Feed((byte)surfaces.Bytes[id]);
            return;
        }
        CloseBytes();
        if (_tookSpace || _wrote) _atBegin = false;
        _tookSpace = false;
        if (piece.Type == PieceType.Control) return;
        if (piece.Type == PieceType.Unknown)
        {
            Write(model.UnkSurface);
            return;
        }
        var text = surfaces.Texts[id].AsSpan();
        if (_atBegin && (model.AddDummyPrefix || model.RemoveExtraWhitespaces) && piece.Text is [SentencePieceNormalizer.Space, ..])
        {
            text = text[1..];
            _tookSpace = !model.RemoveExtraWhitespaces;
        }
        Write(text);
    }

    private void Feed(byte value)
    {
        _bytes[_pending++] = value;
        while (_pending > 0)
        {
            var status = Rune.DecodeFromUtf8(_bytes.AsSpan(0, _pending), out var rune, out _);
            if (status == System.Buffers.OperationStatus.NeedMoreData) return;
            if (status == System.Buffers.OperationStatus.Done)
            {
                Span<char> units = stackalloc char[2];
                Write(units[..rune.EncodeToUtf16(units)]);
                _pending = 0;
                return;
            }
            BreakByte();
        }
    }

    private void CloseBytes()
    {
        while (_pending > 0) BreakByte();
    }

    private void BreakByte()
    {
        Write("\uFFFD");
        _bytes.AsSpan(1, --_pending).CopyTo(_bytes);
        // What is left was the middle of a character and cannot begin one, but the check is cheap and keeps this true by itself.
        if (_pending == 0 || Rune.DecodeFromUtf8(_bytes.AsSpan(0, _pending), out _, out _) != System.Buffers.OperationStatus.Done) return;
        Write(Encoding.UTF8.GetString(_bytes, 0, _pending));
        _pending = 0;
    }

    private void Write(ReadOnlySpan<char> text)
    {
        _wrote |= text.Length > 0;
        _text.Append(text);
    }

    private string Take()
    {
        if (_text.Length == 0) return "";
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
