using System.Globalization;
using System.Numerics;

namespace AlpacaCot.Data.Goat;

/// <summary>An exact value: numerator and denominator in lowest terms, the denominator above 0.</summary>
internal readonly record struct ExactNumber
{
    /// <summary>Beyond so many bits nothing is computed: a text could ask for a number that fills the memory.</summary>
    public const long MostBits = 1 << 16;

    private ExactNumber(BigInteger numerator, BigInteger denominator)
    {
        var common = denominator.IsOne ? BigInteger.One : BigInteger.GreatestCommonDivisor(numerator, denominator);
        (Numerator, Denominator) = common.IsOne ? (numerator, denominator) : (numerator / common, denominator / common);
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator { get; }

    public static implicit operator ExactNumber(BigInteger value) => new(value, BigInteger.One);

    public static ExactNumber operator +(ExactNumber a, ExactNumber b) => a.Denominator.IsOne && b.Denominator.IsOne
        ? a.Numerator + b.Numerator
        : new ExactNumber(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static ExactNumber operator -(ExactNumber a) => new(-a.Numerator, a.Denominator);

    public static ExactNumber operator *(ExactNumber a, ExactNumber b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static ExactNumber Over(BigInteger numerator, BigInteger denominator) => new(numerator, denominator);

    public ExactNumber? DividedBy(ExactNumber b)
        => b.Numerator.IsZero ? null : new ExactNumber(Numerator * b.Denominator * b.Numerator.Sign, Denominator * BigInteger.Abs(b.Numerator));

    /// <summary>The number itself, or null where it is too large to go on with.</summary>
    public ExactNumber? Bounded() => Numerator.GetBitLength() + Denominator.GetBitLength() <= MostBits ? this : null;

    public override string ToString() => Denominator.IsOne ? GoatQuestion.Text(Numerator) : $"{GoatQuestion.Text(Numerator)}/{GoatQuestion.Text(Denominator)}";
}

/// <summary>The exact value of an expression: decimals, <c>+ - * / mod ^</c>, <c>gcd(a, b)</c> and brackets, by recursive descent.</summary>
internal ref struct GoatExpression
{
    /// <summary>Signs and brackets of one expression: each is a call inside a call.</summary>
    public const int DepthLimit = 64;

    private const int LongestNumber = 10_000;
    private const string Mod = "mod", Gcd = "gcd";

    private ReadOnlySpan<char> _rest;
    private int _depth;

    /// <summary>The value; null where the text is no expression, divides by zero or is too large.</summary>
    public static ExactNumber? Evaluate(ReadOnlySpan<char> text) => GoatWholeExpression.TryEvaluate(text, out var value) ? (ExactNumber)(BigInteger)value : Exactly(text);

    /// <summary>The same on numbers of any length alone.</summary>
    public static ExactNumber? Exactly(ReadOnlySpan<char> text)
    {
        var expression = new GoatExpression { _rest = text };
        return expression.Sum() is { } value && expression.Peek() == '\0' ? value : null;
    }

    private ExactNumber? Sum()
    {
        if (Product() is not { } value) return null;
        while (Peek() is '+' or '-')
        {
            var minus = Take() == '-';
            if (Product() is not { } next) return null;
            value += minus ? -next : next;
        }
        return value;
    }

    private ExactNumber? Product()
    {
        if (Power() is not { } value) return null;
        while (true)
        {
            var sign = Peek();
            if (sign == 'm' && _rest.StartsWith(Mod, StringComparison.Ordinal)) _rest = _rest[(Mod.Length - 1)..];
            else if (sign is not ('*' or '/')) return value;
            Take();
            if (Power() is not { } next) return null;
            var result = sign switch
            {
                '*' => (value * next).Bounded(),
                '/' => value.DividedBy(next)?.Bounded(),
                _ => Remainder(value, next),
            };
            if (result is not { } whole) return null;
            value = whole;
        }
    }

    private static ExactNumber? Remainder(ExactNumber value, ExactNumber by)
        => value is { Denominator.IsOne: true } && by is { Denominator.IsOne: true, Numerator.Sign: > 0 } ? (ExactNumber)BigInteger.Remainder(value.Numerator, by.Numerator) : null;

    private ExactNumber? Power()
    {
        if (Factor() is not { } value) return null;
        if (Peek() != '^') return value;
        Take();
        if (Factor() is not { Denominator.IsOne: true } exponent || exponent.Numerator.Sign < 0) return null;
        var bits = (BigInteger)(value.Numerator.GetBitLength() + value.Denominator.GetBitLength()) * exponent.Numerator;
        return bits > ExactNumber.MostBits ? null : ExactNumber.Over(BigInteger.Pow(value.Numerator, (int)exponent.Numerator), BigInteger.Pow(value.Denominator, (int)exponent.Numerator));
    }

    private ExactNumber? Factor()
    {
        switch (Peek())
        {
            case '-':
                Take();
                return ++_depth > DepthLimit ? null : -Power();
            case '(':
                Take();
                return ++_depth > DepthLimit || Sum() is not { } inner || !Taken(')') ? null : inner;
            case 'g' when _rest.StartsWith(Gcd, StringComparison.Ordinal):
                _rest = _rest[Gcd.Length..];
                if (!Taken('(') || ++_depth > DepthLimit || Sum() is not { Denominator.IsOne: true } a || !Taken(',') || Sum() is not { Denominator.IsOne: true } b || !Taken(')')) return null;
                return (ExactNumber)BigInteger.GreatestCommonDivisor(a.Numerator, b.Numerator);
        }
        return Number();
    }

    private ExactNumber? Number()
    {
        var whole = Digits(_rest);
        if (whole == 0) return null;
        var end = whole;
        var places = 0;
        if (whole < _rest.Length && _rest[whole] == '.' && (places = Digits(_rest[(whole + 1)..])) > 0) end = whole + 1 + places;
        if (end > LongestNumber) return null;
        var integer = _rest[..whole];
        var fraction = places > 0 ? _rest[(whole + 1)..end] : default;
        _rest = _rest[end..];
        if (places == 0) return whole <= 18 ? (BigInteger)long.Parse(integer, NumberStyles.None, CultureInfo.InvariantCulture) : BigInteger.Parse(integer, NumberStyles.None, CultureInfo.InvariantCulture);
        return ExactNumber.Over(BigInteger.Parse($"{integer}{fraction}", NumberStyles.None, CultureInfo.InvariantCulture), BigInteger.Pow(10, places));
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private bool Taken(char expected)
    {
        if (Peek() != expected) return false;
        Take();
        return true;
    }

    private char Peek()
    {
        _rest = _rest.TrimStart(' ');
        return _rest.IsEmpty ? '\0' : _rest[0];
    }

    private char Take()
    {
        var c = _rest[0];
        _rest = _rest[1..];
        return c;
    }
}
