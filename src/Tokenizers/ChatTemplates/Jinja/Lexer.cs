using System.Text;

namespace AlpacaCot.Tokenizers.ChatTemplates.Jinja;

/// <summary>Kinds of tokens.</summary>
internal enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,

    /// <summary><c>{{</c>.</summary>
    PrintBegin,

    /// <summary><c>}}</c>.</summary>
    PrintEnd,

    /// <summary><c>{%</c>.</summary>
    BlockBegin,

    /// <summary><c>%}</c>.</summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string, its escapes resolved.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a point or an exponent.</summary>
    Float,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A token and the line that it stands in.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line);

/// <summary>
/// Cuts a template into tokens as Jinja does with <c>trim_blocks</c> (the line break after a block tag goes) and <c>lstrip_blocks</c> (white space in front of a block tag goes where
/// nothing else stands in its line); <c>-</c> and <c>+</c> in a tag override both.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] _operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _counted;
    private bool _lineBegins = true;

    private Lexer(string source) => _source = source;

    /// <summary>The tokens of a template; one line break at its end is no part of it.</summary>
    public static IReadOnlyList<Token> Read(string template)
    {
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        var lexer = new Lexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_at < _source.Length)
        {
            var begin = NextTag(_at);
            if (begin < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                break;
            }
            var kind = _source[begin + 1];
            var sign = SignAt(begin + 2);
            Data(_source[_at..begin], sign, kind != '{');
            _at = begin + (sign == ' ' ? 2 : 3);
            if (kind == '#') Comment();
            else if (kind == '%' && Raw()) continue;
            else
            {
                Add(kind == '{' ? TokenKind.PrintBegin : TokenKind.BlockBegin, "");
                Tag(kind == '{');
            }
        }
        Add(TokenKind.End, "");
    }

    private int NextTag(int from)
    {
        for (var i = from; i + 1 < _source.Length; i++)
            if (_source[i] == '{' && _source[i + 1] is ('{' or '%' or '#')) return i;
        return -1;
    }

    private void Data(string text, char sign, bool strips)
    {
        if (sign == '-') text = text.TrimEnd(PythonText.Space);
        else if (sign != '+' && strips)
        {
            var line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineBegins) && line < text.Length && text.AsSpan(line).Trim(PythonText.Space).IsEmpty) text = text[..line];
        }
        if (text.Length > 0) Add(TokenKind.Data, text);
        _lineBegins = false;
    }

    private void Comment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0) throw Error("Missing end of comment tag");
        var sign = end > _at ? SignAt(end - 1) : ' ';
        _at = end + 2;
        AfterTag(sign);
    }

    /// <summary>Reads a raw block, if it is one, up to its end.</summary>
    private bool Raw()
    {
        var at = Skip(_at);
        if (!Word(at, "raw")) return false;
        at = Skip(at + 3);
        var minus = Is(at, "-%}");
        if (!minus && !Is(at, "%}")) return false;
        at += minus ? 3 : 2;
        if (minus) at = Skip(at);
        for (var end = _source.IndexOf("{%", at, StringComparison.Ordinal); end >= 0; end = _source.IndexOf("{%", end + 1, StringComparison.Ordinal))
        {
            var sign = SignAt(end + 2);
            var word = Skip(sign == ' ' ? end + 2 : end + 3);
            if (!Word(word, "endraw")) continue;
            var close = Skip(word + 6);
            var closing = SignAt(close);
            if (!Is(closing == ' ' ? close : close + 1, "%}")) continue;
            _lineBegins = false;
            Data(_source[at..end], sign, strips: true);
            _at = (closing == ' ' ? close : close + 1) + 2;
            AfterTag(closing);
            return true;
        }
        throw Error("Missing end of raw directive");
    }

    /// <summary>What a tag's end takes along: all white space after a minus, else the line break (and nothing after a plus).</summary>
    private void AfterTag(char sign)
    {
        var from = _at;
        if (sign == '-') _at = Skip(_at);
        else if (sign != '+' && Is(_at, "\n")) _at++;
        _lineBegins = _at > from && _source[_at - 1] == '\n';
    }

    private void Tag(bool print)
    {
        var open = new Stack<char>();
        while (true)
        {
            if (_at >= _source.Length) return;
            if (open.Count == 0 && End(print)) return;
            var c = _source[_at];
            if (PythonValues.IsSpace(c)) _at++;
            else if (char.IsAsciiDigit(c)) Number();
            else if (c is '\'' or '"') QuotedText();
            else if (c == '_' || char.IsLetterOrDigit(c) || char.IsSurrogate(c)) Name();
            else Operator(open);
        }
    }

    private bool End(bool print)
    {
        var close = print ? "}}" : "%}";
        var sign = _source[_at] == '-' || (!print && _source[_at] == '+') ? _source[_at] : ' ';
        if (!Is(sign == ' ' ? _at : _at + 1, close)) return false;
        Add(print ? TokenKind.PrintEnd : TokenKind.BlockEnd, "");
        _at += sign == ' ' ? 2 : 3;
        if (!print) AfterTag(sign);
        else
        {
            var from = _at;
            if (sign == '-') _at = Skip(_at);
            _lineBegins = _at > from && _source[_at - 1] == '\n';
        }
        return true;
    }

    private void Name()
    {
        var from = _at;
        while (_at < _source.Length && (_source[_at] == '_' || char.IsLetterOrDigit(_source[_at]) || char.IsSurrogate(_source[_at]) || char.GetUnicodeCategory(_source[_at]) is System.Globalization.UnicodeCategory.NonSpacingMark)) _at++;
        Add(TokenKind.Name, _source[from.._at]);
    }

    private void Number()
    {
        var from = _at;
        // After a point a number is an index: people.0.name.
        var index = _tokens[^1] is { Kind: TokenKind.Operator, Text: "." };
        var based = _source[_at] == '0' && _at + 1 < _source.Length && char.ToLowerInvariant(_source[_at + 1]) is ('x' or 'b' or 'o');
        if (based)
        {
            _at += 2;
            while (_at < _source.Length && (char.IsAsciiHexDigit(_source[_at]) || _source[_at] == '_')) _at++;
            Add(TokenKind.Integer, _source[from.._at].Replace("_", "", StringComparison.Ordinal));
            return;
        }
        void Digits()
        {
            while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || _source[_at] == '_')) _at++;
        }

        Digits();
        var real = false;
        if (!index && Is(_at, ".") && _at + 1 < _source.Length && char.IsAsciiDigit(_source[_at + 1]))
        {
            real = true;
            _at++;
            Digits();
        }
        if (!index && _at < _source.Length && _source[_at] is ('e' or 'E'))
        {
            var sign = _at + 1 < _source.Length && _source[_at + 1] is ('+' or '-') ? 1 : 0;
            if (_at + 1 + sign < _source.Length && char.IsAsciiDigit(_source[_at + 1 + sign]))
            {
                real = true;
                _at += 1 + sign;
                Digits();
            }
        }
        Add(real ? TokenKind.Float : TokenKind.Integer, _source[from.._at].Replace("_", "", StringComparison.Ordinal));
    }

    private void QuotedText()
    {
        var quote = _source[_at];
        var text = new StringBuilder();
        var i = _at + 1;
        for (; i < _source.Length && _source[i] != quote; i++)
            if (_source[i] == '\\' && i + 1 < _source.Length) i = PythonText.Unescape(_source, i, text);
            else text.Append(_source[i]);
        if (i >= _source.Length) throw Error($"unexpected char {Python.Repr(quote.ToString())} at {_at}");
        _at = i + 1;
        Add(TokenKind.Text, text.ToString());
    }

    private void Operator(Stack<char> open)
    {
        foreach (var candidate in _operators)
        {
            if (!Is(_at, candidate)) continue;
            var c = candidate[0];
            if (c is '(' or '[' or '{') open.Push(c == '(' ? ')' : c == '[' ? ']' : '}');
            else if (c is ')' or ']' or '}')
            {
                if (open.Count == 0) throw Error($"unexpected '{c}'");
                if (open.Pop() is var expected && expected != c) throw Error($"unexpected '{c}', expected '{expected}'");
            }
            Add(TokenKind.Operator, candidate);
            _at += candidate.Length;
            return;
        }
        throw Error($"unexpected char {Python.Repr(_source[_at].ToString())} at {_at}");
    }

    private char SignAt(int at) => at < _source.Length && _source[at] is ('-' or '+') ? _source[at] : ' ';

    private bool Is(int at, string text) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    private bool Word(int at, string word) => Is(at, word) && (at + word.Length >= _source.Length || !char.IsLetterOrDigit(_source[at + word.Length]));

    private int Skip(int at)
    {
        while (at < _source.Length && PythonValues.IsSpace(_source[at])) at++;
        return at;
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, Line()));

    // Counted on from the last token, so that a long template costs no more than its length.
    private int Line()
    {
        var to = Math.Min(_at, _source.Length);
        if (to > _counted) _line += _source.AsSpan(_counted, to - _counted).Count('\n');
        _counted = Math.Max(to, _counted);
        return _line;
    }

    private ChatTemplateException Error(string message) => new("TemplateSyntaxError", $"line {Line()}: {message}");
}
