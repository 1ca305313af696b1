namespace AlpacaCot.Data.Goat;

/// <summary>
/// The value of an expression of whole numbers with <c>+ - * /</c> and brackets, as long as all values on the way are whole and fit 64 bits. It is
/// <see cref="GoatExpression"/> for what almost every step holds, several times as fast.
/// </summary>
internal ref struct GoatWholeExpression
{
    private const int MostDigits = 18;

    private ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;

    /// <summary>False where the text holds anything else: it may have a value all the same.</summary>
    public static bool TryEvaluate(ReadOnlySpan<char> text, out long value)
    {
        var expression = new GoatWholeExpression { _text = text };
        return expression.Sum(out value) && expression.Peek() == '\0';
    }

    private bool Sum(out long value)
    {
        if (!Product(out value)) return false;
        while (Peek() is '+' or '-')
        {
            var minus = _text[_at++] == '-';
            if (!Product(out var next) || !Fits(minus ? (Int128)value - next : (Int128)value + next, out value)) return false;
        }
        return true;
    }

    private bool Product(out long value)
    {
        if (!Factor(out value)) return false;
        while (Peek() is '*' or '/')
        {
            var over = _text[_at++] == '/';
            if (!Factor(out var next)) return false;
            if (!over)
            {
                if (!Fits(Math.BigMul(value, next), out value)) return false;
                continue;
            }
            if (next <= 0 || value % next != 0) return false;
            value /= next;
        }
        return true;
    }

    private bool Factor(out long value)
    {
        value = 0;
        switch (Peek())
        {
            case '-':
                _at++;
                return ++_depth <= GoatExpression.DepthLimit && Factor(out value) && Fits(-(Int128)value, out value);
            case '(':
                _at++;
                if (++_depth > GoatExpression.DepthLimit || !Sum(out value) || Peek() != ')') return false;
                _at++;
                return true;
        }
        var start = _at;
        for (; _at < _text.Length && char.IsAsciiDigit(_text[_at]); _at++) value = value * 10 + (_text[_at] - '0');
        return _at - start is > 0 and <= MostDigits;
    }

    private static bool Fits(Int128 exact, out long value)
    {
        value = (long)exact;
        return value == exact;
    }

    private char Peek()
    {
        while (_at < _text.Length && _text[_at] == ' ') _at++;
        return _at < _text.Length ? _text[_at] : '\0';
    }
}
