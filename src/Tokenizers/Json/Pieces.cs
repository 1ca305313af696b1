namespace AlpacaCot.Tokenizers.Json;

/// <summary>A stretch [Begin, End) of the working text; First: it begins where the section does.</summary>
internal readonly record struct PieceRange(int Begin, int End, bool First);

/// <summary>
/// The working text of one section on its way through the pre-tokenizers, and the pieces it is cut into. Splitting only changes the ranges; rewriting
/// goes into the spare buffer. One instance per thread is used again for every text, so that encoding allocates nothing per piece.
/// </summary>
internal sealed class Pieces
{
    private char[] _text = new char[1024];
    private char[] _spareText = new char[1024];
    private int _length;
    private int _spareLength;
    private List<PieceRange> _spareRanges = [];
    private List<int>? _origins;
    private List<int>? _spareOrigins;
    private int _most;

    /// <summary>The pieces.</summary>
    public List<PieceRange> Ranges { get; private set; } = [];

    /// <summary>Whether the section stands at the beginning of the whole text.</summary>
    public bool AtTextBegin { get; private set; }

    /// <summary>Whether a prefix may be put in front of the section; not where the text continues earlier tokens.</summary>
    public bool Prefix { get; private set; }

    /// <summary>The text of a piece.</summary>
    public ReadOnlySpan<char> this[PieceRange range] => _text.AsSpan(range.Begin, range.End - range.Begin);

    /// <summary>Whether it is remembered which unit of the section each unit of the working text comes from.</summary>
    public bool Tracks => _origins is not null;

    /// <summary>Begins anew with one piece.</summary>
    public void Reset(ReadOnlySpan<char> text, bool atTextBegin, bool prefix, bool tracks = false)
    {
        _origins = tracks ? [.. Enumerable.Range(0, text.Length)] : null;
        _spareOrigins = tracks ? [] : null;
        if (_text.Length < text.Length) _text = new char[text.Length + text.Length / 4];
        text.CopyTo(_text);
        (_length, AtTextBegin, Prefix, _most) = (text.Length, atTextBegin, prefix, TokenizerLimits.MostOf(text.Length));
        Ranges.Clear();
        if (text.Length > 0) Ranges.Add(new PieceRange(0, text.Length, First: true));
    }

    /// <summary>Adds a piece of the next cut: part of an old one.</summary>
    public void Keep(PieceRange of, int begin, int end)
    {
        if (end > begin) _spareRanges.Add(new PieceRange(of.Begin + begin, of.Begin + end, of.First && begin == 0));
    }

    /// <summary>Makes the pieces kept the current ones.</summary>
    public void EndCut()
    {
        (Ranges, _spareRanges) = (_spareRanges, Ranges);
        _spareRanges.Clear();
    }

    /// <summary>Room for a piece of the rewritten text.</summary>
    /// <exception cref="TokenizerException">The text becomes too long.</exception>
    public Span<char> Room(int length)
    {
        TokenizerLimits.Check((long)_spareLength + length, _most);
        if (_spareText.Length < _spareLength + length) Array.Resize(ref _spareText, Math.Max(2 * _spareText.Length, _spareLength + length));
        return _spareText.AsSpan(_spareLength);
    }

    /// <summary>Adds a piece of the rewritten text, which was written into <see cref="Room"/>.</summary>
    public void Wrote(PieceRange of, int length)
    {
        if (length > 0) _spareRanges.Add(new PieceRange(_spareLength, _spareLength + length, of.First));
        _spareLength += length;
    }

    /// <summary>Where a unit of the working text comes from: the unit of the section. Only while tracking.</summary>
    public int OriginOf(int unit) => _origins![unit];

    /// <summary>Says where the next units of the rewritten text come from: a unit of the piece. Only while tracking.</summary>
    public void Came(PieceRange from, int unit, int count)
    {
        for (var i = 0; i < count; i++) _spareOrigins!.Add(_origins![from.Begin + unit]);
    }

    /// <summary>Makes the rewritten text the current one.</summary>
    public void EndRewrite()
    {
        if (_origins is not null)
        {
            (_origins, _spareOrigins) = (_spareOrigins!, _origins);
            _spareOrigins.Clear();
        }
        (_text, _spareText, _length, _spareLength) = (_spareText, _text, _spareLength, 0);
        EndCut();
    }

    /// <summary>Lets go of buffers that one very long text has left behind.</summary>
    public void Trim()
    {
        const int Enough = 1 << 20;
        if (_text.Length > Enough) _text = new char[1024];
        if (_spareText.Length > Enough) _spareText = new char[1024];
        if (Ranges.Capacity > Enough) Ranges = [];
        if (_spareRanges.Capacity > Enough) _spareRanges = [];
    }
}
