using System.Text;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Offsets;

/// <summary>
/// Text on its way through normalisers, and for each of its UTF-16 units the range of the original text that it comes from (the tokenizers library's
/// NormalizedString, whose rules these are). The units of a surrogate pair have the same range.
/// </summary>
internal sealed class AlignedText
{
    private readonly int[] _begin;
    private readonly int[] _end;
    private readonly int _origin;
    private readonly int _most;

    private AlignedText(string text, int[] begin, int[] end, int origin, int most) => (Text, _begin, _end, _origin, _most) = (text, begin, end, origin, most);

    /// <summary>The text as it is now.</summary>
    public string Text { get; }

    /// <summary>A stretch of the original text, unchanged.</summary>
    public static AlignedText Of(string text, int origin)
    {
        var (begin, end) = (new int[text.Length], new int[text.Length]);
        for (var at = 0; at < text.Length;)
        {
            Utf16.CodePoint(text, at, out var length);
            begin.AsSpan(at, length).Fill(origin + at);
            end.AsSpan(at, length).Fill(origin + at + length);
            at += length;
        }
        return new AlignedText(text, begin, end, origin, TokenizerLimits.MostOf(text.Length));
    }

    /// <summary>The original range of a stretch that is not empty.</summary>
    public (int Begin, int End) Range(int begin, int end) => (_begin[begin], _end[end - 1]);

    /// <summary>A part of the text.</summary>
    public AlignedText Slice(int begin, int end) => new(Text[begin..end], _begin[begin..end], _end[begin..end], _origin, _most);

    /// <summary>The characters for which a predicate holds.</summary>
    public AlignedText Filter(Predicate<int> keep)
    {
        var builder = new Builder(this);
        for (var at = 0; at < Text.Length;)
        {
            var point = Utf16.CodePoint(Text, at, out var length);
            if (keep(point)) builder.Add(point, at);
            at += length;
        }
        return builder.Build();
    }

    /// <summary>Other text for each character, all of it from that character.</summary>
    public AlignedText Map(Func<int, string> map)
    {
        var builder = new Builder(this);
        for (var at = 0; at < Text.Length;)
        {
            var point = Utf16.CodePoint(Text, at, out var length);
            foreach (var rune in map(point).EnumerateRunes()) builder.Add(rune.Value, at);
            at += length;
        }
        return builder.Build();
    }

    /// <summary>Text in front, which comes from where the first character does.</summary>
    public AlignedText Prepend(string text)
    {
        if (Text.Length == 0) return this;
        var builder = new Builder(this);
        foreach (var rune in text.EnumerateRunes()) builder.Add(rune.Value, 0);
        builder.AddRange(0, Text.Length);
        return builder.Build();
    }

    /// <summary>Other text for what lies between two places again and again; it comes from where the last character of the match does.</summary>
    public AlignedText Replace(IEnumerable<(int Begin, int End)> matches, string content)
    {
        var builder = new Builder(this);
        var at = 0;
        foreach (var (begin, end) in matches)
        {
            builder.AddRange(at, begin);
            foreach (var rune in content.EnumerateRunes()) builder.Add(rune.Value, end - 1);
            at = end;
        }
        builder.AddRange(at, Text.Length);
        return builder.Build();
    }

    /// <summary>
    /// The text anew, character by character. The number beside a character says what it stands for: 0 for the next old one; 1 for none, so that it
    /// comes from where the character before it does; −n for the next old one and n more that go with it.
    /// </summary>
    public AlignedText Transform(IEnumerable<(int Point, int Change)> characters)
    {
        var builder = new Builder(this);
        var places = new List<int>(Text.Length);
        for (var at = 0; at < Text.Length;)
        {
            places.Add(at);
            Utf16.CodePoint(Text, at, out var length);
            at += length;
        }
        var old = 0;
        foreach (var (point, change) in characters)
        {
            var from = Math.Min(change > 0 ? old - 1 : old, places.Count - 1);
            builder.Add(point, from < 0 ? -1 : places[from]);
            if (change <= 0) old += 1 - change;
        }
        return builder.Build();
    }

    private sealed class Builder(AlignedText source)
    {
        private readonly StringBuilder _text = new(source.Text.Length + 8);
        private readonly List<int> _begin = new(source.Text.Length + 8);
        private readonly List<int> _end = new(source.Text.Length + 8);

        /// <summary>Adds a character that comes from where a unit of the source does (−1: from nothing, at the beginning).</summary>
        public void Add(int point, int unit)
        {
            Span<char> units = stackalloc char[2];
            var length = new Rune(point).EncodeToUtf16(units);
            TokenizerLimits.Check(_text.Length + length, source._most);
            _text.Append(units[..length]);
            for (var i = 0; i < length; i++)
            {
                _begin.Add(unit < 0 ? source._origin : source._begin[unit]);
                _end.Add(unit < 0 ? source._origin : source._end[unit]);
            }
        }

        public void AddRange(int begin, int end)
        {
            TokenizerLimits.Check(_text.Length + end - begin, source._most);
            _text.Append(source.Text, begin, end - begin);
            _begin.AddRange(source._begin.AsSpan(begin, end - begin));
            _end.AddRange(source._end.AsSpan(begin, end - begin));
        }

        public AlignedText Build() => new(_text.ToString(), [.. _begin], [.. _end], source._origin, source._most);
    }
}
