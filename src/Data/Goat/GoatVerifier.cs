using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>What a check of an output found.</summary>
/// <param name="AnswerRight">The final answer is right.</param>
/// <param name="Steps">Equations in the output: every <c>=</c> is one.</param>
/// <param name="WrongSteps">Equations that do not hold or cannot be read.</param>
/// <param name="FirstWrong">The first of those, or null.</param>
public sealed record GoatVerdict(bool AnswerRight, int Steps, int WrongSteps, string? FirstWrong);

/// <summary>Checks an output of any style: every equation in it, and the final answer.</summary>
public static class GoatVerifier
{
    private const string Therefore = "Therefore, ";

    /// <summary>Checks an output against its question.</summary>
    public static GoatVerdict Verify(GoatQuestion question, string output)
    {
        var text = output.Replace('×', '*').Replace('÷', '/').Replace('−', '-');
        var right = AnswerExtraction.FinalAnswer(text) == question.Answer;
        var (steps, wrong) = (0, 0);
        string? first = null;
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = (line.StartsWith(Therefore, StringComparison.Ordinal) ? line[Therefore.Length..] : line).Split('=', StringSplitOptions.TrimEntries);
            for (var i = 1; i < sides.Length; i++)
            {
                steps++;
                if (Holds(sides[i - 1], sides[i])) continue;
                wrong++;
                first ??= $"{sides[i - 1]} = {sides[i]}";
            }
        }
        return new GoatVerdict(right, steps, wrong, first);
    }

    private static bool Holds(string left, string right)
    {
        if (left.Split('/') is [var a, var b] && Integer(a) is { } dividend && Integer(b) is { } divisor)
            return !divisor.IsZero && right == new GoatQuestion(GoatOperation.Divide, dividend, divisor).Answer;
        return Expression.Evaluate(left) is { } x && Expression.Evaluate(right) is { } y && x == y;
    }

    private static BigInteger? Integer(string text)
        => BigInteger.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>Integers, <c>+ - *</c> and brackets, by recursive descent.</summary>
    private ref struct Expression
    {
        private const int DepthLimit = 64;
        private ReadOnlySpan<char> _rest;
        private int _depth;

        public static BigInteger? Evaluate(string text)
        {
            var expression = new Expression { _rest = text };
            return expression.Sum() is { } value && expression.Peek() == '\0' ? value : null;
        }

        private BigInteger? Sum()
        {
            if (Product() is not { } value) return null;
            while (Peek() is '+' or '-')
            {
                var minus = Take() == '-';
                if (Product() is not { } next) return null;
                value = minus ? value - next : value + next;
            }
            return value;
        }

        private BigInteger? Product()
        {
            if (Factor() is not { } value) return null;
            while (Peek() == '*')
            {
                Take();
                if (Factor() is not { } next) return null;
                value *= next;
            }
            return value;
        }

        private BigInteger? Factor()
        {
            switch (Peek())
            {
                case '-':
                    Take();
                    return ++_depth > DepthLimit ? null : -Factor();
                case '(':
                    Take();
                    if (++_depth > DepthLimit || Sum() is not { } inner || Peek() != ')') return null;
                    Take();
                    return inner;
            }
            var digits = 0;
            while (digits < _rest.Length && char.IsAsciiDigit(_rest[digits])) digits++;
            if (digits == 0) return null;
            var value = BigInteger.Parse(_rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            _rest = _rest[digits..];
            return value;
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
}
