namespace AlpacaCot.Tokenizers.SentencePiece;

/// <summary>Cuts normalised text into pieces.</summary>
internal interface ISentencePieceAlgorithm
{
    /// <summary>Appends the text's ids. What has no piece becomes byte pieces, or one unknown piece a run, as the model says.</summary>
    void Encode(ReadOnlySpan<char> text, List<int> ids);
}

/// <summary>Writes what has no piece: bytes where the model falls back on them, else one unknown piece for a whole run.</summary>
internal struct UnknownWriter(SentencePieceModel model, int[]? bytes)
{
    private bool _afterUnknown;

    public void Piece(int id, List<int> ids)
    {
        ids.Add(id);
        _afterUnknown = false;
    }

    public void Unknown(ReadOnlySpan<char> text, List<int> ids)
    {
        if (bytes is not null)
        {
            Span<byte> utf8 = stackalloc byte[4];
            foreach (var rune in text.EnumerateRunes())
                foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                    ids.Add(bytes[b]);
            return;
        }
        if (!_afterUnknown) ids.Add(model.UnkId);
        _afterUnknown = true;
    }
}
