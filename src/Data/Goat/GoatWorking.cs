using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>Outputs of Goat, byte for byte as published (arXiv 2305.14201, section 3), and the column-by-column form of sums and differences.</summary>
public static class GoatWorking
{
    private static readonly BigInteger _ten = 10;

    /// <summary>The output of a question in a style.</summary>
    public static string Output(GoatQuestion question, GoatStyle style) => style switch
    {
        GoatStyle.Direct => Direct(question),
        GoatStyle.Steps when question.Operation is GoatOperation.Add => Columns(question, AddColumns(question.Left, question.Right)),
        GoatStyle.Steps when question.Operation is GoatOperation.Subtract => Columns(question, SubtractColumns(question.Left, question.Right)),
        _ => question.Operation switch
        {
            GoatOperation.Multiply => Multiply(question),
            GoatOperation.Divide => Divide(question),
            _ => Direct(question),
        },
    };

    /// <summary><c>a op b = c</c>; a division by zero <c>is undefined</c>.</summary>
    public static string Direct(GoatQuestion question)
        => question.Operation == GoatOperation.Divide && question.Right.IsZero
            ? $"{question.Expression} is {AnswerExtraction.Undefined}"
            : $"{question.Expression} = {question.Answer}";

    // One line per column from the right: digit + digit + carry = sum. The carry is the sum's tens digit, the column's digit its ones digit,
    // both always written, so that every line has one form.
    private static IEnumerable<string> AddColumns(BigInteger a, BigInteger b)
    {
        var carry = 0;
        do
        {
            var (x, y) = ((int)(a % _ten), (int)(b % _ten));
            var sum = x + y + carry;
            yield return $"{x}+{y}+{carry}={sum / 10}{sum % 10}";
            carry = sum / 10;
            (a, b) = (a / _ten, b / _ten);
        }
        while (!(a.IsZero && b.IsZero));
    }

    // One line per column from the right, the larger number above: digit - digit - borrow = digit, with 10 added to the upper digit where it must borrow.
    private static IEnumerable<string> SubtractColumns(BigInteger a, BigInteger b)
    {
        if (a < b) (a, b) = (b, a);
        var borrow = 0;
        do
        {
            var (x, y) = ((int)(a % _ten), (int)(b % _ten));
            var lend = x - y - borrow < 0 ? 10 : 0;
            yield return $"{x + lend}-{y}-{borrow}={x + lend - y - borrow}";
            borrow = lend / 10;
            (a, b) = (a / _ten, b / _ten);
        }
        while (!(a.IsZero && b.IsZero));
    }

    private static string Columns(GoatQuestion question, IEnumerable<string> columns) => string.Join('\n', columns.Append(Direct(question)));

    private static string Multiply(GoatQuestion question)
    {
        var (a, b) = (question.Left, question.Right);
        if (HasOneDigit(a) || HasOneDigit(b)) return Direct(question);

        var (large, small) = a >= b ? (a, b) : (b, a);
        var places = PlaceValues(small);
        var terms = places.Select(place => large * place).ToList();
        var parts = new List<string>
        {
            question.Expression,
            $"{large} * ({string.Join(" + ", places)})",
            string.Join(" + ", places.Select(place => $"{large} * {place}")),
            string.Join(" + ", terms),
        };
        while (terms.Count > 1)
        {
            terms[1] += terms[0];
            terms.RemoveAt(0);
            parts.Add(string.Join(" + ", terms));
        }
        return string.Join(" = ", parts);
    }

    private static string Divide(GoatQuestion question)
    {
        var (dividend, divisor) = (question.Left, question.Right);
        if (divisor <= _ten || dividend < divisor || dividend == divisor) return Direct(question);

        var lines = new List<string>();
        var rest = dividend;
        foreach (var place in PlaceValues(dividend / divisor))
        {
            var product = divisor * place;
            lines.Add($"{rest} - {divisor} * {place} = {rest} - {product} = {rest - product}");
            rest -= product;
        }
        lines.Add($"Therefore, {Direct(question)}");
        return string.Join('\n', lines);
    }

    // d·10^k, and zero: such a factor needs no working.
    private static bool HasOneDigit(BigInteger value) => value.IsZero || PlaceValues(value).Count == 1;

    /// <summary>Non-zero place values, largest first: 4036 → 4000, 30, 6.</summary>
    private static List<BigInteger> PlaceValues(BigInteger value)
    {
        var places = new List<BigInteger>();
        for (var unit = BigInteger.One; !value.IsZero; value /= _ten, unit *= _ten)
            if (value % _ten is { IsZero: false } digit) places.Add(digit * unit);
        places.Reverse();
        return places;
    }
}
