using System.Globalization;
using System.Numerics;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// Outputs of the operations beside the published four, and the chains of the learnability study's tasks (arXiv 2305.14201, section 3.1). A chain ends in
/// a line that is the direct answer.
/// </summary>
internal static class GoatTasks
{
    /// <summary>The output of a question.</summary>
    /// <param name="question">The question.</param>
    /// <param name="steps">Whether a task of the study is written with its chain.</param>
    /// <param name="direct">The direct answer.</param>
    public static string Output(GoatQuestion question, bool steps, string direct) => question.Operation switch
    {
        GoatOperation.Gcd => Lines(Euclid(question.Left, question.Right), GoatWorking.Therefore + direct, direct),
        GoatOperation.Power => string.Join(" = ", Powers(question)),
        GoatOperation.Mixed => string.Join(" = ", MixedExpression.Parse(question.Form!).Reductions()),
        GoatOperation.Copy when steps => $"{string.Join(' ', question.Answer.AsEnumerable())} = {direct}",
        GoatOperation.Split when steps => string.Join(" = ", Splits(question.Left)),
        GoatOperation.Compare when steps => Lines(Comparisons(question), direct, direct),
        GoatOperation.Order when steps => Lines(Selections(question), direct, direct),
        _ => direct,
    };

    /// <summary>Euclid's steps: <c>8914 mod 64 = 18</c>, until nothing is left over.</summary>
    internal static IEnumerable<string> Euclid(BigInteger a, BigInteger b)
    {
        while (!b.IsZero)
        {
            var rest = a % b;
            yield return string.Create(CultureInfo.InvariantCulture, $"{a} mod {b} = {rest}");
            (a, b) = (b, rest);
        }
    }

    /// <summary>Digit against digit from the left where both have as many, else the numbers of digits.</summary>
    internal static IEnumerable<string> Comparisons(GoatQuestion question)
    {
        var (a, b) = (GoatQuestion.Text(question.Left), GoatQuestion.Text(question.Right));
        if (a.Length != b.Length)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{a.Length} {(a.Length > b.Length ? '>' : '<')} {b.Length} digits");
            yield break;
        }
        for (var i = 0; i < a.Length; i++)
        {
            yield return $"{a[i]} {(a[i] == b[i] ? '=' : a[i] > b[i] ? '>' : '<')} {b[i]}";
            if (a[i] != b[i]) yield break;
        }
    }

    /// <summary>The smallest of what is left, again and again.</summary>
    internal static IEnumerable<string> Selections(GoatQuestion question)
    {
        var left = question.Numbers().ToList();
        while (left.Count > 1)
        {
            var least = left.Min();
            yield return string.Create(CultureInfo.InvariantCulture, $"{least} of {string.Join(", ", left)}");
            left.Remove(least);
        }
    }

    private static string Lines(IEnumerable<string> lines, string last, string alone) => lines.ToList() is { Count: > 0 } all ? string.Join('\n', all.Append(last)) : alone;

    // 4536 = 4000 + 536 = 4000 + 500 + 36 = 4000 + 500 + 30 + 6
    private static IEnumerable<string> Splits(BigInteger value)
    {
        var places = GoatWorking.PlaceValues(value);
        yield return GoatQuestion.Text(value);
        for (var i = 1; i < places.Length; i++)
        {
            value -= places[i - 1];
            yield return string.Join(" + ", places[..i].Append(value).Select(term => GoatQuestion.Text(term)));
        }
        if (places.Length < 2) yield return GoatQuestion.Text(value);
    }

    // 7 ^ 4 = 7 * 7 * 7 * 7 = 49 * 7 * 7 = 343 * 7 = 2401
    private static IEnumerable<string> Powers(GoatQuestion question)
    {
        var (factor, left, value) = (GoatQuestion.Text(question.Left), (int)question.Right, question.Left);
        yield return question.Expression;
        for (; left > 1; left--, value *= question.Left)
            yield return string.Join(" * ", Enumerable.Repeat(factor, left - 1).Prepend(GoatQuestion.Text(value)));
        yield return question.Answer;
    }
}
