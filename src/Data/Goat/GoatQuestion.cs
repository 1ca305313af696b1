using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>One arithmetic question. Most have two operands; <see cref="Form"/> holds what is asked where there are more.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Left">The operand before the sign; the only one of a task with one number.</param>
/// <param name="Right">The operand after it.</param>
public sealed record GoatQuestion(GoatOperation Operation, BigInteger Left, BigInteger Right)
{
    private const string NoNumber = "the expression has no value";

    /// <summary>Decimal places that both operands are scaled by: with 2, 1250 stands for 12.5.</summary>
    public int Decimals { get; init; }

    /// <summary>The numbers of <see cref="GoatOperation.Order"/>, or the text of a <see cref="GoatOperation.Mixed"/> expression; null for others.</summary>
    public string? Form { get; init; }

    /// <summary>The clean expression: <c>1463456 + 2107</c>, <c>gcd(12, 18)</c>, <c>8116449, 97863</c>.</summary>
    public string Expression => Operation switch
    {
        _ when Form is not null => Form,
        GoatOperation.Copy or GoatOperation.Split => Text(Left),
        GoatOperation.Gcd => $"gcd({Text(Left)}, {Text(Right)})",
        GoatOperation.Compare => $"{Text(Left)}, {Text(Right)}",
        _ => OperandsAndSign(),
    };

    /// <summary>The operation's sign between two operands: <c>+ - * / mod ^</c>.</summary>
    public string Sign => Operation switch
    {
        GoatOperation.Add => "+",
        GoatOperation.Subtract => "-",
        GoatOperation.Multiply or GoatOperation.MultiplyByDigit => "*",
        GoatOperation.Divide or GoatOperation.DivideByDigit => "/",
        GoatOperation.Modulo => "mod",
        GoatOperation.Power => "^",
        _ => "",
    };

    /// <summary>The final answer: <c>1465563</c>, <c>-650583313</c>, <c>521686 R 1</c>, <c>undefined</c>, <c>4000 + 500 + 30 + 6</c>, <c>8116449 > 97863</c>.</summary>
    public string Answer => Operation switch
    {
        GoatOperation.Add => Text(Left + Right, Decimals),
        GoatOperation.Subtract => Text(Left - Right, Decimals),
        GoatOperation.Multiply or GoatOperation.MultiplyByDigit => Text(Left * Right, 2 * Decimals),
        GoatOperation.Modulo => Right.IsZero ? AnswerExtraction.Undefined : Text(Left % Right),
        GoatOperation.Gcd => Text(BigInteger.GreatestCommonDivisor(Left, Right)),
        GoatOperation.Power => Text(BigInteger.Pow(Left, (int)Right)),
        GoatOperation.Mixed => GoatExpression.Evaluate(Form) is { } value ? value.ToString() : throw new InvalidOperationException(NoNumber),
        GoatOperation.Copy => Text(Left),
        GoatOperation.Split => string.Join(" + ", GoatWorking.PlaceValues(Left).DefaultIfEmpty(BigInteger.Zero).Select(value => Text(value))),
        GoatOperation.Compare => $"{Text(Left)} {(Left > Right ? '>' : '<')} {Text(Right)}",
        GoatOperation.Order => string.Join(", ", Numbers().Order().Select(value => Text(value))),
        _ => Quotient(),
    };

    /// <summary>Digits of <see cref="Left"/>.</summary>
    public int LeftDigits => Digits(Left);

    /// <summary>Digits of <see cref="Right"/>.</summary>
    public int RightDigits => Digits(Right);

    /// <summary>Digits of the longest number that is asked about; decimal places count.</summary>
    public int LongestDigits => Form is null ? Math.Max(LeftDigits, RightDigits)
        : Form.Split([' ', ',', '(', ')', '+', '-', '*'], StringSplitOptions.RemoveEmptyEntries).Max(number => number.Length);

    /// <summary>The numbers of <see cref="GoatOperation.Order"/>.</summary>
    internal IEnumerable<BigInteger> Numbers() => (Form ?? "").Split(", ").Select(number => BigInteger.Parse(number, CultureInfo.InvariantCulture));

    // Almost every number fits 64 bits, which are written several times as fast.
    internal static string Text(BigInteger value)
        => value.GetBitLength() < 64 ? ((long)value).ToString(CultureInfo.InvariantCulture) : value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A scaled number as a decimal without needless zeros.</summary>
    internal static string Text(BigInteger value, int decimals)
    {
        if (decimals == 0) return Text(value);
        var digits = Text(BigInteger.Abs(value)).PadLeft(decimals + 1, '0');
        var text = $"{digits[..^decimals]}.{digits[^decimals..]}".TrimEnd('0').TrimEnd('.');
        return value.Sign < 0 ? "-" + text : text;
    }

    private static int Digits(BigInteger value) => Text(BigInteger.Abs(value)).Length;

    private string OperandsAndSign()
    {
        var text = new TextBuffer();
        text.Number(Left, Decimals);
        text.Text(" ");
        text.Text(Sign);
        text.Text(Right.Sign < 0 ? " (" : " ");
        text.Number(Right, Decimals);
        if (Right.Sign < 0) text.Text(")");
        return text.End();
    }

    private string Quotient()
    {
        if (Right.IsZero) return AnswerExtraction.Undefined;
        var quotient = BigInteger.DivRem(Left, Right, out var remainder);
        return remainder.IsZero ? Text(quotient) : $"{Text(quotient)} R {Text(remainder)}";
    }
}

/// <summary>A question and the record that teaches it.</summary>
/// <param name="Question">The question.</param>
/// <param name="Record">Instruction (with noise), input (the clean expression), output, answer.</param>
public sealed record GoatItem(GoatQuestion Question, InstructionRecord Record);
