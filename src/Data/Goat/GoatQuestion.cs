using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>One arithmetic question of two non-negative integers, with the part and the operand lengths that it was drawn for.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Left">The operand before the sign.</param>
/// <param name="Right">The operand after it.</param>
public sealed record GoatQuestion(GoatOperation Operation, BigInteger Left, BigInteger Right)
{
    /// <summary>The clean expression: <c>1463456 + 2107</c>.</summary>
    public string Expression => $"{Text(Left)} {Sign} {Text(Right)}";

    /// <summary>The operation's sign: <c>+ - * /</c>.</summary>
    public char Sign => Operation switch
    {
        GoatOperation.Add => '+',
        GoatOperation.Subtract => '-',
        GoatOperation.Multiply => '*',
        _ => '/',
    };

    /// <summary>The final answer: <c>1465563</c>, <c>-650583313</c>, <c>521686 R 1</c>, <c>undefined</c>.</summary>
    public string Answer
    {
        get
        {
            if (Operation != GoatOperation.Divide)
            {
                return Text(Operation switch
                {
                    GoatOperation.Add => Left + Right,
                    GoatOperation.Subtract => Left - Right,
                    _ => Left * Right,
                });
            }
            if (Right.IsZero) return AnswerExtraction.Undefined;
            var quotient = BigInteger.DivRem(Left, Right, out var remainder);
            return remainder.IsZero ? Text(quotient) : $"{Text(quotient)} R {Text(remainder)}";
        }
    }

    /// <summary>Digits of <see cref="Left"/>.</summary>
    public int LeftDigits => Text(Left).Length;

    /// <summary>Digits of <see cref="Right"/>.</summary>
    public int RightDigits => Text(Right).Length;

    internal static string Text(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A question and the record that teaches it.</summary>
/// <param name="Question">The question.</param>
/// <param name="Record">Instruction (with noise), input (the clean expression), output, answer.</param>
public sealed record GoatItem(GoatQuestion Question, InstructionRecord Record);
