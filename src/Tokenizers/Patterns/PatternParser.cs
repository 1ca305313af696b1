using System.Globalization;
using AlpacaCot.Tokenizers.Text;

namespace AlpacaCot.Tokenizers.Patterns;

/// <summary>
/// Reads regular expressions in the syntax of Oniguruma (Ruby), the engine of tokenizer.json: nested classes, intersections, possessive quantifiers,
/// Unicode properties, inline flags. What it does not know is refused by name.
/// </summary>
internal sealed partial class PatternParser
{
    private const string Known = @"literals, classes, \p{…}, \s \d \w \h, groups, (?i:…), look-around, atomic groups, * + ? {n,m} with ? and +, ^ $ \A \z \b";
    /// <summary>Characters of the longest pattern; published ones have some hundred.</summary>
    public const int Longest = 8192;

    /// <summary>Deepest nesting of groups or classes, which are read and run by recursion.</summary>
    private const int Deepest = 200;

    /// <summary>Most quantifiers of one thing (<c>a{2}{3}*</c>), and most intersections of one class: each is a level of nesting of its own.</summary>
    private const int MostInARow = 16;

    private readonly string _pattern;
    private int _at;
    private int _depth;
    private bool _ignoreCase;

    private PatternParser(string pattern) => _pattern = pattern;

    /// <exception cref="UnsupportedTokenizerException">The pattern uses what this engine does not know.</exception>
    public static PatternNode Parse(string pattern)
    {
        if (pattern.Length > Longest) throw new UnsupportedTokenizerException($"a pattern of {pattern.Length} characters", $"patterns of at most {Longest}");
        var parser = new PatternParser(pattern);
        var node = parser.Alternation();
        return parser._at == pattern.Length ? node : throw parser.Unknown("a closing parenthesis too many");
    }

    private PatternNode Alternation()
    {
        if (++_depth > Deepest) throw Unknown($"groups nested more than {Deepest} deep");
        var before = _ignoreCase;
        var options = new List<PatternNode> { Sequence() };
        while (Take('|')) options.Add(Sequence());
        _ignoreCase = before;
        _depth--;
        return options.Count == 1 ? options[0] : new PatternNode.Choice(options);
    }

    private PatternNode Sequence()
    {
        var parts = new List<PatternNode>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
            if (Atom() is { } atom) parts.Add(Quantified(atom));
        return parts.Count == 1 ? parts[0] : new PatternNode.Sequence(parts);
    }

    private PatternNode Quantified(PatternNode node)
    {
        for (var row = 0; _at < _pattern.Length; row++)
        {
            var (min, max, interval) = (0, -1, false);
            if (Take('*')) { }
            else if (Take('+')) min = 1;
            else if (Take('?')) max = 1;
            else if (_pattern[_at] == '{' && Interval(out min, out max)) interval = true;
            else return node;
            if (row == MostInARow) throw Unknown($"more than {MostInARow} quantifiers in a row");
            var kind = Take('?') ? RepeatKind.Lazy : !interval && Take('+') ? RepeatKind.Possessive : RepeatKind.Greedy;
            node = new PatternNode.Repeat(node, min, max, kind);
        }
        return node;
    }

    private bool Interval(out int min, out int max)
    {
        (min, max) = (0, -1);
        var close = _pattern.IndexOf('}', _at);
        if (close < 0) return false;
        var parts = _pattern[(_at + 1)..close].Split(',');
        if (parts.Length > 2 || parts.All(part => part.Length == 0) || parts.Any(part => !part.All(char.IsAsciiDigit))) return false;
        min = parts[0].Length == 0 ? 0 : Number(parts[0]);
        max = parts.Length == 1 ? min : parts[1].Length == 0 ? -1 : Number(parts[1]);
        if (min > 1000 || max > 1000) throw Unknown("a repetition of more than 1000");
        _at = close + 1;
        return true;
    }

    private static int Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    private PatternNode? Atom()
    {
        var point = Point();
        switch (point)
        {
            case '(': return Group();
            case '[':
                var begin = _at;
                return One(Class(), weight: _at - begin);
            case '.': return One(other => other != '\n');
            case '^': return new PatternNode.Anchor(AnchorKind.LineBegin);
            case '$': return new PatternNode.Anchor(AnchorKind.LineEnd);
            case '*' or '+' or '?': throw Unknown("a quantifier of nothing");
            case '\\' when Anchor() is { } anchor: return anchor;
            case '\\': return One(Escape());
            default: return One(other => other == point);
        }
    }

    private PatternNode.Anchor? Anchor()
    {
        AnchorKind? kind = _at >= _pattern.Length ? null : _pattern[_at] switch
        {
            'A' => AnchorKind.TextBegin,
            'z' => AnchorKind.TextEnd,
            'Z' => AnchorKind.TextEndOrLast,
            'b' => AnchorKind.WordBoundary,
            'B' => AnchorKind.NoWordBoundary,
            _ => null,
        };
        if (kind is null) return null;
        _at++;
        return new PatternNode.Anchor(kind.Value);
    }

    private PatternNode? Group()
    {
        if (!Take('?')) return Close(Alternation());
        if (Take(':')) return Close(Alternation());
        if (Take('=')) return new PatternNode.Look(Close(Alternation()), Behind: false, Negative: false);
        if (Take('!')) return new PatternNode.Look(Close(Alternation()), Behind: false, Negative: true);
        if (Take('>')) return new PatternNode.Atomic(Close(Alternation()));
        if (Take('<'))
        {
            if (Take('=')) return new PatternNode.Look(Close(Alternation()), Behind: true, Negative: false);
            if (Take('!')) return new PatternNode.Look(Close(Alternation()), Behind: true, Negative: true);
            var name = _pattern.IndexOf('>', _at);
            if (name < 0) throw Unknown("a group without a name's end");
            _at = name + 1;
            return Close(Alternation());
        }
        var before = _ignoreCase;
        for (var on = true; _at < _pattern.Length;)
        {
            if (Take('-')) on = false;
            else if (Take('i')) _ignoreCase = on;
            else if (Take(')')) return null; // (?i) holds to the end of the group around it
            else if (Take(':'))
            {
                var body = Close(Alternation());
                _ignoreCase = before;
                return body;
            }
            else throw Unknown($"the group (?{_pattern[_at]}");
        }
        throw Unknown("a group without an end");
    }

    private PatternNode Close(PatternNode body) => Take(')') ? body : throw Unknown("a group without an end");

    private PatternNode.One One(Predicate<int> set, int weight = 1) => new(new CodePointSet(_ignoreCase ? CodePointSet.IgnoreCase(set) : set, weight));

    private int Point()
    {
        var point = Utf16.CodePoint(_pattern, _at, out var length);
        _at += length;
        return point;
    }

    private bool Take(char c)
    {
        if (_at >= _pattern.Length || _pattern[_at] != c) return false;
        _at++;
        return true;
    }

    private bool Matches(string text)
    {
        if (string.CompareOrdinal(_pattern, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    private UnsupportedTokenizerException Unknown(string what) => new($"the pattern {Shown(_pattern)} (at {_at}: {what})", Known);

    /// <summary>A pattern for a message.</summary>
    public static string Shown(string pattern) => pattern.Length <= 200 ? pattern : pattern[..200] + "…";
}
