using System.Numerics;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// An expression of whole numbers with <c>+ - *</c> and brackets as a tree, which is worked out one operation at a time from the left:
/// <c>(3 + 4) * 5 - 6 = 7 * 5 - 6 = 35 - 6 = 29</c>.
/// </summary>
internal sealed class MixedExpression
{
    private readonly BigInteger _value;
    private readonly char _sign;
    private readonly MixedExpression? _left;
    private readonly MixedExpression? _right;

    private MixedExpression(BigInteger value) => _value = value;

    private MixedExpression(char sign, MixedExpression left, MixedExpression right) => (_sign, _left, _right) = (sign, left, right);

    /// <summary>A tree of so many numbers, its shape and signs drawn.</summary>
    public static MixedExpression Draw(SeededRandom random, IReadOnlyList<BigInteger> numbers)
    {
        if (numbers.Count == 1) return new(numbers[0]);
        var at = 1 + random.Next(numbers.Count - 1);
        return new("+-*"[random.Next(3)], Draw(random, [.. numbers.Take(at)]), Draw(random, [.. numbers.Skip(at)]));
    }

    /// <summary>Reads back what <see cref="ToString"/> writes.</summary>
    public static MixedExpression Parse(string text)
    {
        var at = 0;
        return Sum(text, ref at);
    }

    /// <summary>The expression and what is left of it after each operation; the last is its value.</summary>
    public IEnumerable<string> Reductions()
    {
        var expression = this;
        yield return expression.ToString();
        while (expression._left is not null)
        {
            expression = expression.Reduced();
            yield return expression.ToString();
        }
    }

    /// <summary>The expression with no bracket that its signs do not need; a negative number stands in brackets unless it begins the text.</summary>
    public override string ToString() => Text(first: true);

    private bool IsSum => _sign is '+' or '-';

    private MixedExpression Reduced()
    {
        if (_left is null || _right is null) return this;
        if (_left._left is not null) return new(_sign, _left.Reduced(), _right);
        if (_right._left is not null) return new(_sign, _left, _right.Reduced());
        return new(_sign switch { '+' => _left._value + _right._value, '-' => _left._value - _right._value, _ => _left._value * _right._value });
    }

    private string Text(bool first)
    {
        if (_left is null || _right is null) return _value.Sign < 0 && !first ? $"({GoatQuestion.Text(_value)})" : GoatQuestion.Text(_value);
        var (bracketLeft, bracketRight) = (_sign == '*' && _left.IsSum, _right.IsSum || (_sign == '*' && _right._left is not null));
        var left = bracketLeft ? $"({_left.Text(first: true)})" : _left.Text(first);
        var right = bracketRight ? $"({_right.Text(first: true)})" : _right.Text(first: false);
        return $"{left} {_sign} {right}";
    }

    private static MixedExpression Sum(string text, ref int at)
    {
        var value = Product(text, ref at);
        while (Sign(text, at) is '+' or '-')
        {
            var sign = Sign(text, at);
            at += 3;
            value = new(sign, value, Product(text, ref at));
        }
        return value;
    }

    private static MixedExpression Product(string text, ref int at)
    {
        var value = Factor(text, ref at);
        while (Sign(text, at) == '*')
        {
            at += 3;
            value = new('*', value, Factor(text, ref at));
        }
        return value;
    }

    private static MixedExpression Factor(string text, ref int at)
    {
        if (text[at] == '(')
        {
            at++;
            var inner = Sum(text, ref at);
            at++;
            return inner;
        }
        var start = at;
        if (text[at] == '-') at++;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return new(BigInteger.Parse(text.AsSpan(start, at - start), System.Globalization.CultureInfo.InvariantCulture));
    }

    // An operator stands between two spaces.
    private static char Sign(string text, int at) => at + 2 < text.Length && text[at] == ' ' ? text[at + 1] : '\0';
}
