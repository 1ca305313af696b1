using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>Clean expressions read back as questions.</summary>
public static class GoatQuestionText
{
    private const int LongestExpression = 4096;

    private static readonly (string Sign, GoatOperation Operation)[] _signs =
    [
        (" + ", GoatOperation.Add), (" - ", GoatOperation.Subtract), (" * ", GoatOperation.Multiply), (" / ", GoatOperation.Divide), (" mod ", GoatOperation.Modulo), (" ^ ", GoatOperation.Power),
    ];

    /// <summary>All questions that an expression may be: a product with one digit is the table's or the study's, a number alone is copied or split.</summary>
    public static IReadOnlyList<GoatQuestion> Readings(string expression) => Parse(expression) switch
    {
        null => [],
        { Operation: GoatOperation.Copy } number => [number, number with { Operation = GoatOperation.Split }],
        { Operation: GoatOperation.Multiply, Decimals: 0 } product when product.Left.Sign >= 0 && product.Right.Sign >= 0 && BigInteger.Min(product.Left, product.Right) < 10 => [product, product with { Operation = GoatOperation.MultiplyByDigit }],
        { Operation: GoatOperation.Divide } quotient when quotient.Right < 10 => [quotient, quotient with { Operation = GoatOperation.DivideByDigit }],
        var one => [one],
    };

    /// <summary>
    /// A sum or difference with more places than its expression shows: the generator works 2.5 + 3.1 of two places out by columns with their zeros. Nothing of other questions, whose working does not show them.
    /// </summary>
    public static IEnumerable<GoatQuestion> Finer(GoatQuestion question)
    {
        if (question.Operation is not (GoatOperation.Add or GoatOperation.Subtract)) yield break;
        for (var places = question.Decimals + 1; places <= GoatOptions.DecimalLimit; places++)
        {
            var scale = BigInteger.Pow(10, places - question.Decimals);
            yield return question with { Left = question.Left * scale, Right = question.Right * scale, Decimals = places };
        }
    }

    /// <summary>
    /// The question of an expression as <see cref="GoatQuestion.Expression"/> writes it: two numbers and a sign between spaces, <c>gcd(a, b)</c>, two numbers to
    /// compare, three to order, one to copy, or an expression of several; null where it is none of them.
    /// </summary>
    public static GoatQuestion? Parse(string expression)
    {
        var text = expression.Trim();
        if (text.Length is 0 or > LongestExpression) return null;
        if (text.StartsWith("gcd(", StringComparison.Ordinal) && text.EndsWith(')') && text[4..^1].Split(", ") is [var a, var b])
            return Integer(a) is { } x && Integer(b) is { } y ? new GoatQuestion(GoatOperation.Gcd, x, y) : null;
        if (text.Contains(", ", StringComparison.Ordinal)) return List(text.Split(", "));
        foreach (var (sign, operation) in _signs)
            if (text.Split(sign) is [var left, var right] && Two(operation, left, right) is { } question) return question;
        if (Integer(text) is { } number) return new GoatQuestion(GoatOperation.Copy, number, BigInteger.Zero);
        return GoatExpression.Evaluate(text) is null || text.AsSpan().IndexOfAnyExcept("0123456789+-*() ") >= 0 ? null : new GoatQuestion(GoatOperation.Mixed, 0, 0) { Form = text };
    }

    private static GoatQuestion? List(string[] numbers)
    {
        var values = numbers.Select(Integer).ToList();
        if (values.Contains(null)) return null;
        if (values is [{ } a, { } b]) return a == b ? null : new GoatQuestion(GoatOperation.Compare, a, b);
        return new GoatQuestion(GoatOperation.Order, 0, 0) { Form = string.Join(", ", numbers) };
    }

    private static GoatQuestion? Two(GoatOperation operation, string left, string right)
    {
        var (a, b) = (left, right.StartsWith("(-", StringComparison.Ordinal) && right.EndsWith(')') ? right[1..^1] : right);
        var decimals = Math.Max(Places(a), Places(b));
        if (Scaled(a, decimals) is not { } x || Scaled(b, decimals) is not { } y) return null;
        var whole = operation is GoatOperation.Divide or GoatOperation.Modulo or GoatOperation.Power;
        if (whole && (decimals > 0 || x.Sign < 0 || y.Sign < 0 || (operation == GoatOperation.Power && y * x.GetBitLength() > ExactNumber.MostBits))) return null;
        return new GoatQuestion(operation, x, y) { Decimals = decimals };
    }

    private static int Places(string number) => number.IndexOf('.', StringComparison.Ordinal) is var at && at < 0 ? 0 : number.Length - at - 1;

    private static BigInteger? Scaled(string number, int decimals)
        => Integer(number.Replace(".", "", StringComparison.Ordinal)) is { } value && number.Count(c => c == '.') <= 1 ? value * BigInteger.Pow(10, decimals - Places(number)) : null;

    private static BigInteger? Integer(string text)
        => BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}
