using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// Outputs of Goat, byte for byte as published (arXiv 2305.14201, section 3), with the steps that an ablation leaves out, and the column-by-column form
/// of sums, differences and n × 1 digit. Numbers that fit are worked out in 64 bits, longer ones by the same code on <see cref="BigInteger"/>.
/// </summary>
public static class GoatWorking
{
    private const int FastBits = 62;

    /// <summary>The output of a question in a style, with all of its steps.</summary>
    public static string Output(GoatQuestion question, GoatStyle style) => Output(question, new GoatForm(style));

    /// <summary>The output of a question in a form.</summary>
    public static string Output(GoatQuestion question, GoatForm form) => Output(question, form, question.Expression, question.Answer);

    /// <summary>The same with the expression and the answer that are known already.</summary>
    internal static string Output(GoatQuestion question, GoatForm form, string expression, string answer)
    {
        if (form.Style == GoatStyle.Direct) return Direct(question, expression, answer);
        var steps = form.Style == GoatStyle.Steps;
        return question.Operation switch
        {
            GoatOperation.Add or GoatOperation.Subtract or GoatOperation.MultiplyByDigit when steps => string.Join('\n', Columns(question).Append(Direct(question, expression, answer))),
            GoatOperation.Multiply => Multiply(question, form, expression, answer),
            GoatOperation.Divide when question.Right > 10 => Divide(question, form, expression, answer),
            GoatOperation.DivideByDigit when steps => Divide(question, form, expression, answer),
            GoatOperation.Modulo => Divide(question, form, expression, answer),
            _ => GoatTasks.Output(question, steps, Direct(question, expression, answer)),
        };
    }

    /// <summary><c>a op b = c</c>; what has no value <c>is undefined</c>; of the tasks that ask for no value the answer alone.</summary>
    public static string Direct(GoatQuestion question) => Direct(question, question.Expression, question.Answer);

    private static string Direct(GoatQuestion question, string expression, string answer) => question.Operation switch
    {
        GoatOperation.Copy or GoatOperation.Split or GoatOperation.Compare or GoatOperation.Order => answer,
        _ when answer == AnswerExtraction.Undefined => $"{expression} is {AnswerExtraction.Undefined}",
        _ => $"{expression} = {answer}",
    };

    /// <summary>The columns of a sum, a difference or n × 1 digit, from the right; signs and decimal points are left to the last line.</summary>
    internal static IEnumerable<string> Columns(GoatQuestion question)
    {
        var (a, b) = (question.Left, question.Operation == GoatOperation.Subtract ? -question.Right : question.Right);
        if (question.Operation == GoatOperation.MultiplyByDigit) return MultiplyColumns(BigInteger.Max(a, b), (int)BigInteger.Min(a, b));
        var (x, y) = (BigInteger.Abs(a), BigInteger.Abs(b));
        var plus = a.Sign * b.Sign > 0 || (question.Operation == GoatOperation.Add && a.Sign * b.Sign == 0);
        return plus ? AddColumns(x, y) : SubtractColumns(x, y);
    }

    // One line per column from the right: digit + digit + carry = sum. The carry is the sum's tens digit, the column's digit its ones digit,
    // both always written, so that every line has one form.
    private static IEnumerable<string> AddColumns(BigInteger a, BigInteger b)
    {
        var carry = 0;
        do
        {
            var (x, y) = ((int)(a % 10), (int)(b % 10));
            var sum = x + y + carry;
            yield return $"{x}+{y}+{carry}={sum / 10}{sum % 10}";
            carry = sum / 10;
            (a, b) = (a / 10, b / 10);
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
            var (x, y) = ((int)(a % 10), (int)(b % 10));
            var lend = x - y - borrow < 0 ? 10 : 0;
            yield return $"{x + lend}-{y}-{borrow}={x + lend - y - borrow}";
            borrow = lend / 10;
            (a, b) = (a / 10, b / 10);
        }
        while (!(a.IsZero && b.IsZero));
    }

    // One line per column from the right: digit * factor + carry, written as the sums above.
    private static IEnumerable<string> MultiplyColumns(BigInteger a, int factor)
    {
        var kept = 0;
        do
        {
            var x = (int)(a % 10);
            var product = x * factor + kept;
            yield return $"{x}*{factor}+{kept}={product / 10}{product % 10}";
            kept = product / 10;
            a /= 10;
        }
        while (!a.IsZero);
    }

    private static string Multiply(GoatQuestion question, GoatForm form, string expression, string answer)
    {
        var (a, b) = (Whole(question.Left, question.Decimals), Whole(question.Right, question.Decimals));
        if (HasOneDigit(a) || HasOneDigit(b)) return Direct(question, expression, answer);
        var text = new TextBuffer();
        if (a.GetBitLength() + b.GetBitLength() <= FastBits) Multiply((long)a, (long)b, form, ref text);
        else Multiply(a, b, form, ref text);
        if (question.Decimals == 0 && question.Left.Sign > 0 && question.Right.Sign > 0) return text.End();
        text.Text("\n");
        text.Text(Therefore);
        text.Text(Direct(question, expression, answer));
        return text.End();
    }

    /// <summary>What stands before a conclusion.</summary>
    internal const string Therefore = "Therefore, ";

    /// <summary>The whole number behind a sign and a decimal point.</summary>
    internal static BigInteger Whole(BigInteger scaled, int decimals)
    {
        var whole = BigInteger.Abs(scaled);
        for (; decimals > 0 && !whole.IsZero && whole % 10 == 0; decimals--) whole /= 10;
        return whole;
    }

    private static void Multiply<T>(T a, T b, GoatForm form, ref TextBuffer text) where T : IBinaryInteger<T>
    {
        var (large, small) = a >= b ? (a, b) : (b, a);
        var places = Places(small);
        text.Number(a);
        text.Text(" * ");
        text.Number(b);
        if (form.Split)
        {
            text.Text(" = ");
            text.Number(large);
            text.Text(" * (");
            Sum(ref text, places, default);
            text.Text(")");
        }
        if (form.Expansion)
        {
            for (var i = 0; i < places.Length; i++)
            {
                text.Text(i == 0 ? " = " : " + ");
                text.Number(large);
                text.Text(" * ");
                text.Number(places[i]);
            }
        }
        for (var i = 0; i < places.Length; i++) places[i] *= large;
        if (form.Product)
        {
            text.Text(" = ");
            Sum(ref text, places, default);
        }
        for (var i = 1; i < places.Length; i++)
        {
            places[i] += places[i - 1];
            if (!form.Adding && i < places.Length - 1) continue;
            text.Text(" = ");
            Sum(ref text, places, i);
        }
    }

    private static void Sum<T>(ref TextBuffer text, T[] terms, int from) where T : IBinaryInteger<T>
    {
        for (var i = from; i < terms.Length; i++)
        {
            if (i > from) text.Text(" + ");
            text.Number(terms[i]);
        }
    }

    private static string Divide(GoatQuestion question, GoatForm form, string expression, string answer)
    {
        var (dividend, divisor) = (question.Left, question.Right);
        if (divisor.IsZero || dividend <= divisor) return Direct(question, expression, answer);
        var text = new TextBuffer();
        if (dividend.GetBitLength() <= FastBits) Divide((long)dividend, (long)divisor, form, ref text);
        else Divide(dividend, divisor, form, ref text);
        text.Text(Therefore);
        text.Text(Direct(question, expression, answer));
        return text.End();
    }

    private static void Divide<T>(T rest, T divisor, GoatForm form, ref TextBuffer text) where T : IBinaryInteger<T>
    {
        foreach (var place in Places(rest / divisor))
        {
            var product = divisor * place;
            text.Number(rest);
            text.Text(" - ");
            text.Number(divisor);
            text.Text(" * ");
            text.Number(place);
            text.Text(" = ");
            if (form.Product)
            {
                text.Number(rest);
                text.Text(" - ");
                text.Number(product);
                text.Text(" = ");
            }
            rest -= product;
            text.Number(rest);
            text.Text("\n");
        }
    }

    // d·10^k, and zero: such a factor needs no working.
    private static bool HasOneDigit(BigInteger value)
    {
        if (value.GetBitLength() > FastBits) return PlaceValues(value).Length <= 1;
        var rest = (ulong)value;
        while (rest >= 10 && rest % 10 == 0) rest /= 10;
        return rest < 10;
    }

    /// <summary>Non-zero place values, largest first: 4036 → 4000, 30, 6.</summary>
    internal static BigInteger[] PlaceValues(BigInteger value) => Places(value);

    private static T[] Places<T>(T value) where T : IBinaryInteger<T>
    {
        var ten = T.CreateChecked(10);
        var count = 0;
        for (var rest = value; !T.IsZero(rest); rest /= ten)
            if (!T.IsZero(rest % ten)) count++;
        var places = new T[count];
        for (var unit = T.One; count > 0; value /= ten, unit *= ten)
            if (value % ten is var digit && !T.IsZero(digit)) places[--count] = digit * unit;
        return places;
    }
}
