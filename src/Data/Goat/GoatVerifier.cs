using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>Where an output first goes wrong.</summary>
/// <param name="Number">Which step of the output, from 1.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Text">The step as it is written.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record GoatFault(int Number, int Line, string Text, string Reason);

/// <summary>What a check of an output found.</summary>
/// <param name="AnswerRight">The final answer is right.</param>
/// <param name="Steps">Steps in the output: each equation of a line, and each line of a chain that holds none.</param>
/// <param name="WrongSteps">Steps that do not hold, cannot be read, or do not follow from the question and the steps before.</param>
/// <param name="First">The first of those, or null.</param>
public sealed record GoatVerdict(bool AnswerRight, int Steps, int WrongSteps, GoatFault? First)
{
    /// <summary>Whether the answer and every step are right.</summary>
    public bool Accepted => AnswerRight && WrongSteps == 0;
}

/// <summary>
/// Checks an output of any form step by step: every equation is computed exactly, and what a line begins with must be what the question or the line
/// before leads to (the expression as asked, the rest and the divisor of a division, the digits and the carry of a column).
/// </summary>
public static class GoatVerifier
{
    /// <summary>Checks an output against its question.</summary>
    public static GoatVerdict Verify(GoatQuestion question, string output)
    {
        var text = output.AsSpan().IndexOfAny('×', '÷', '−') < 0 ? output : output.Replace('×', '*').Replace('÷', '/').Replace('−', '-');
        var check = new Check(question);
        var line = 0;
        foreach (var range in text.AsSpan().Split('\n'))
        {
            line++;
            if (text.AsSpan()[range].Trim() is { IsEmpty: false } written) check.Line(written.ToString(), line);
        }
        return new GoatVerdict(AnswerExtraction.FinalAnswer(text) == question.Answer, check.Steps, check.Wrong, check.First);
    }

    private sealed class Check(GoatQuestion question)
    {
        private readonly Queue<string>? _chain = question.Operation switch
        {
            GoatOperation.Compare => new(GoatTasks.Comparisons(question)),
            GoatOperation.Order => new(GoatTasks.Selections(question)),
            _ => null,
        };

        // Worked out once they are asked for: most sums are written without columns.
        private IEnumerator<string>? _columns;
        private string? _expression;

        private string? _evaluated;
        private ExactNumber? _value;

        private BigInteger _rest = question.Left;
        private BigInteger _divisor = question.Right;

        public int Steps { get; private set; }

        public int Wrong { get; private set; }

        public GoatFault? First { get; private set; }

        public void Line(string line, int number)
        {
            if (_chain is { Count: > 0 } || (question.Operation is GoatOperation.Compare or GoatOperation.Order or GoatOperation.Copy && !line.Contains(" = ", StringComparison.Ordinal)))
            {
                ChainLine(line, number);
                return;
            }
            var conclusion = line.StartsWith(GoatWorking.Therefore, StringComparison.Ordinal);
            var sides = (conclusion ? line[GoatWorking.Therefore.Length..] : line).Split('=', StringSplitOptions.TrimEntries);
            if (sides is [var claim])
            {
                Claim(claim, number);
                return;
            }
            var misread = conclusion ? Asked(sides[0]) : Beginning(sides);
            for (var i = 1; i < sides.Length; i++)
            {
                Steps++;
                if (misread is not null || !Holds(sides[i - 1], sides[i])) Refuse($"{sides[i - 1]} = {sides[i]}", number, misread ?? $"{sides[i - 1]} is not {sides[i]}");
                misread = null;
            }
        }

        // Lines that are no equations: the answer of a task, or the step of a chain that it must begin with.
        private void ChainLine(string line, int number)
        {
            if (_chain is not null && _chain.TryDequeue(out var expected) && line != question.Answer)
            {
                Step(line, number, line == expected ? null : $"expected {expected}");
                return;
            }
            _chain?.Clear();
            Step(line, number, line == question.Answer ? null : "is not the answer");
        }

        private void Claim(string claim, int number)
        {
            const string End = " is " + AnswerExtraction.Undefined;
            if (claim.EndsWith(End, StringComparison.Ordinal))
                Step(claim, number, Asked(claim[..^End.Length]) ?? (question.Answer == AnswerExtraction.Undefined ? null : "the question has a value"));
            else if (question.Operation == GoatOperation.Split || claim.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
                Step(claim, number, claim == question.Answer ? null : "is not the answer");
        }

        private string? NextColumn()
        {
            _columns ??= GoatWorking.Columns(question).GetEnumerator();
            return _columns.MoveNext() ? _columns.Current : null;
        }

        /// <summary>What is wrong with what a line begins with, or null.</summary>
        private string? Beginning(string[] sides)
        {
            if (IsColumn(sides))
            {
                if (NextColumn() is not { } column) return "there is no such column";
                return column.AsSpan(0, column.IndexOf('=')).SequenceEqual(sides[0].Replace(" ", "", StringComparison.Ordinal)) ? null : $"expected the column {column[..column.IndexOf('=')]}";
            }
            switch (question.Operation)
            {
                case GoatOperation.Divide or GoatOperation.DivideByDigit or GoatOperation.Modulo when Remainder(sides) is { } remainder:
                    var (rest, divisor, left) = remainder;
                    var wrong = rest != _rest ? $"expected {_rest} to be left" : divisor != question.Right ? $"expected the divisor {question.Right}" : left.Sign < 0 ? "takes too much away" : null;
                    _rest = left;
                    return wrong;
                case GoatOperation.Gcd when sides is [var step, var result] && step.Split(" mod ") is [var a, var b] && Integer(a) is { } larger && Integer(b) is { } smaller && Integer(result) is { } over:
                    var misstep = larger == _rest && smaller == _divisor ? null : $"expected {_rest} mod {_divisor}";
                    (_rest, _divisor) = (smaller, over);
                    return misstep;
                case GoatOperation.Multiply when Magnitudes() is { } working && Same(sides[0], working):
                    return null;
                case GoatOperation.Copy:
                    return sides[0].Replace(" ", "", StringComparison.Ordinal) == question.Expression ? null : $"expected the digits of {question.Expression}";
                default:
                    return Asked(sides[0]);
            }
        }

        // Two operands and a carry without spaces; a model may write a sum of two numbers without spaces as well.
        private bool IsColumn(string[] sides)
            => question.Operation is GoatOperation.Add or GoatOperation.Subtract or GoatOperation.MultiplyByDigit && sides.Length == 2
                && sides[0].Split(['+', '-', '*'], StringSplitOptions.TrimEntries) is [_, _, _] parts && parts.All(part => Integer(part) is not null);

        // R - D * q = … = what is left
        private static (BigInteger Before, BigInteger Divisor, BigInteger Left)? Remainder(string[] sides)
            => sides[0].Split(" - ") is [var rest, var product] && product.Split(" * ") is [var divisor, _] && Integer(rest) is { } r && Integer(divisor) is { } d
                && GoatExpression.Evaluate(sides[^1]) is { Denominator.IsOne: true } left ? (r, d, left.Numerator) : null;

        private string? Magnitudes() => question.Decimals == 0 && question.Left.Sign >= 0 && question.Right.Sign >= 0 ? null
            : string.Create(CultureInfo.InvariantCulture, $"{GoatWorking.Whole(question.Left, question.Decimals)} * {GoatWorking.Whole(question.Right, question.Decimals)}");

        /// <summary>What is wrong with an expression that should be the question's; the operands of a sum or product may be turned around.</summary>
        private string? Asked(string expression)
        {
            _expression ??= question.Expression;
            if (Same(expression, _expression)) return null;
            var turned = question.Operation is GoatOperation.Add or GoatOperation.Multiply or GoatOperation.MultiplyByDigit or GoatOperation.Gcd
                && Same(expression, (question with { Left = question.Right, Right = question.Left }).Expression);
            return turned ? null : $"expected {_expression}";
        }

        private void Step(string text, int line, string? fault)
        {
            Steps++;
            if (fault is not null) Refuse(text, line, fault);
        }

        private void Refuse(string text, int line, string fault)
        {
            Wrong++;
            First ??= new GoatFault(Steps, line, text, fault);
        }

        private bool Holds(string left, string right)
        {
            // "q R r" is the value of a division alone.
            if (right.Contains('R', StringComparison.Ordinal))
                return left.Split('/') is [var a, var b] && Integer(a) is { } dividend && Integer(b) is { } divisor && new GoatQuestion(GoatOperation.Divide, dividend, divisor).Answer == right;
            if (question.Operation == GoatOperation.Copy) left = left.Replace(" ", "", StringComparison.Ordinal);
            return Value(left) is { } x && Value(right) is { } y && x == y;
        }

        // The right side of one equation is the left side of the next: it is evaluated once.
        private ExactNumber? Value(string side)
        {
            if (!ReferenceEquals(side, _evaluated)) (_evaluated, _value) = (side, GoatExpression.Evaluate(side));
            return _value;
        }
    }

    // Almost every number fits 64 bits, which are read several times as fast.
    private static BigInteger? Integer(string text)
    {
        const NumberStyles Digits = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
        if (long.TryParse(text, Digits, CultureInfo.InvariantCulture, out var small)) return small;
        return BigInteger.TryParse(text, Digits, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private static bool Same(string a, string b) => a == b || a.Replace(" ", "", StringComparison.Ordinal) == b.Replace(" ", "", StringComparison.Ordinal);
}
