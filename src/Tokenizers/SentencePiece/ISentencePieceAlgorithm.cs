namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>Cuts normalised text into pieces.</summary>
internal interface ISentencePieceAlgorithm
{
    /// <summary>Appends the text's ids. What has no piece becomes byte pieces, or one unknown piece a run, as the model says.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ids">Gets the ids.</param>
    /// <param name="spans">Gets the range of the text that each id stands for; null: nobody wants to know.</param>
    void Encode(ReadOnlySpan<char> text, List<int> ids, List<(int Begin, int End)>? spans = null);
}

/// <summary>Writes what has no piece: bytes where the model falls back on them, else one unknown piece for a whole run.</summary>
internal struct UnknownWriter(SentencePieceModel model, int[]? bytes, List<(int Begin, int End)>? spans)
{
    private bool _afterUnknown;
    private int _at;

    /// <summary>Whether ranges are wanted.</summary>
    public readonly bool Tracks => spans is not null;

    public void Piece(int id, int length, List<int> ids)
    {
        ids.Add(id);
        spans?.Add((_at, _at + length));
        _at += length;
        _afterUnknown = false;
    }

    public void Unknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (bytes is not null)
        {
            Span<byte> utf8 = stackalloc byte[4];
            foreach (var rune in text.EnumerateRunes())
            {
                var count = rune.EncodeToUtf8(utf8);
                foreach (var b in utf8[..count]) ids.Add(bytes[b]);
                // The last byte stands for the character, those before it for nothing.
                for (var i = 0; i < count; i++) spans?.Add((_at, i + 1 < count ? _at : _at + rune.Utf16SequenceLength));
                _at += rune.Utf16SequenceLength;
            }
            return;
        }
        if (!_afterUnknown)
        {
            ids.Add(model.UnkId);
            spans?.Add((_at, _at));
        }
        _afterUnknown = true;
        _at += text.Length;
        if (spans is not null) spans[^1] = (spans[^1].Begin, _at);
    }
}
