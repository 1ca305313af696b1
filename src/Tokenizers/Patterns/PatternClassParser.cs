using System.Globalization;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>Reads sets of characters: classes with ranges, nesting and intersections, and escapes.</summary>
internal sealed partial class PatternParser
{
    private Predicate<int> Class()
    {
        if (++_depth > Deepest) throw Unknown($"classes nested more than {Deepest} deep");
        var negated = Take('^');
        Predicate<int>? whole = null;
        var items = new List<Predicate<int>>();
        var intersections = 0;
        for (var first = true; ; first = false)
        {
            if (_at >= _pattern.Length) throw Unknown("a class without an end");
            if (!first && Take(']')) break;
            if (Matches("&&"))
            {
                if (++intersections > MostInARow) throw Unknown($"more than {MostInARow} intersections");
                whole = And(whole, Any(items));
                items = [];
            }
            else if (Matches("[:")) items.Add(Posix());
            else if (Take('[')) items.Add(Class());
            else items.Add(Item());
        }
        _depth--;
        var result = And(whole, Any(items));
        return negated ? point => !result(point) : result;
    }

    private Predicate<int> Item()
    {
        if (!Single(out var from, out var set)) return set!;
        // A minus at the end of a class is itself.
        if (_at + 1 >= _pattern.Length || _pattern[_at] != '-' || _pattern[_at + 1] == ']') return point => point == from;
        _at++;
        if (!Single(out var to, out _) || to < from) throw Unknown("a range without an end");
        return point => point >= from && point <= to;
    }

    /// <summary>One character of a class, or an escape that stands for a set.</summary>
    private bool Single(out int point, out Predicate<int>? set)
    {
        set = null;
        point = Point();
        if (point != '\\') return true;
        if (_at < _pattern.Length && EscapedPoint() is { } escaped)
        {
            point = escaped;
            return true;
        }
        set = Escape();
        return false;
    }

    private Predicate<int> Posix()
    {
        var end = _pattern.IndexOf(":]", _at, StringComparison.Ordinal);
        var name = end < 0 ? "" : _pattern[_at..end];
        var negated = name.StartsWith('^');
        Predicate<int> set = name.TrimStart('^') switch
        {
            "alpha" => CodePointSet.Property("Alpha")!,
            "digit" => CodePointSet.Property("Nd")!,
            "space" => CharClass.IsSpace,
            "punct" => CharClass.IsPunctuation,
            "upper" => CodePointSet.Property("Lu")!,
            "lower" => CodePointSet.Property("Ll")!,
            "word" => CharClass.IsWord,
            "alnum" => point => CodePointSet.Property("Alpha")!(point) || CharClass.Category(point) == UnicodeCategory.DecimalDigitNumber,
            _ => throw Unknown($"the class [:{name}:]"),
        };
        _at = end + 2;
        return negated ? point => !set(point) : set;
    }

    private Predicate<int> Escape()
    {
        if (_at >= _pattern.Length) throw Unknown("a backslash at the end");
        if (EscapedPoint() is { } point) return other => other == point;
        var name = _pattern[_at++];
        switch (name)
        {
            case 's': return CharClass.IsSpace;
            case 'S': return other => !CharClass.IsSpace(other);
            case 'd': return other => CharClass.Category(other) == UnicodeCategory.DecimalDigitNumber;
            case 'D': return other => CharClass.Category(other) != UnicodeCategory.DecimalDigitNumber;
            case 'w': return CharClass.IsWord;
            case 'W': return other => !CharClass.IsWord(other);
            case 'h': return other => other < 128 && char.IsAsciiHexDigit((char)other);
            case 'H': return other => other >= 128 || !char.IsAsciiHexDigit((char)other);
            case 'p' or 'P':
                var close = _at < _pattern.Length && _pattern[_at] == '{' ? _pattern.IndexOf('}', _at) : -1;
                if (close < 0) throw Unknown($@"\{name} without braces");
                var property = _pattern[(_at + 1)..close];
                _at = close + 1;
                var set = CodePointSet.Property(property) ?? throw Unknown($@"\p{{{property}}}");
                return name == 'p' ? set : other => !set(other);
            default: throw Unknown($@"\{name}");
        }
    }

    /// <summary>The code point an escape stands for, or null where it stands for a set.</summary>
    private int? EscapedPoint()
    {
        var name = _pattern[_at];
        if (char.IsAsciiLetterOrDigit(name) && name is not ('n' or 'r' or 't' or 'f' or 'v' or 'a' or 'e' or 'x' or 'u' or '0')) return null;
        var point = Point();
        return point switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => 0x1B,
            '0' => 0,
            'u' => Hex(4),
            'x' when Take('{') => Hex(_pattern.IndexOf('}', _at) - _at, closed: true),
            'x' => Hex(2),
            _ => point,
        };
    }

    private int Hex(int digits, bool closed = false)
    {
        if (digits < 1 || _at + digits > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || point > 0x10FFFF)
            throw Unknown("a code point that is no hexadecimal number");
        _at += digits + (closed ? 1 : 0);
        return point;
    }

    private static Predicate<int> Any(List<Predicate<int>> items) => items.Count == 1 ? items[0] : point => items.Exists(item => item(point));

    private static Predicate<int> And(Predicate<int>? left, Predicate<int> right) => left is null ? right : point => left(point) && right(point);
}
