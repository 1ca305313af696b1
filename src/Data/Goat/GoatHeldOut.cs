using System.Globalization;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>
/// The rule that keeps held-out questions out of every training draw: a question is held out by a hash of itself, whatever the seed, the style or
/// the cell. Turning the operands of a sum, a difference or a product around does not change its side.
/// </summary>
public static class GoatHeldOut
{
    /// <summary>Held-out questions in a thousand.</summary>
    public const int PerMille = 100;

    private const string Prefix = "goat-held-out-1 ";

    // The operation's name, two operands and what stands between them; longer questions are hashed as text.
    private const int LongestText = 256;

    /// <summary>Whether a question is held out.</summary>
    public static bool Contains(GoatQuestion question)
    {
        var (a, b) = (question.Left, question.Right);
        if (question.Operation != GoatOperation.Divide && a > b) (a, b) = (b, a);
        if (question.Operation is GoatOperation.Modulo or GoatOperation.Power or GoatOperation.DivideByDigit) (a, b) = (question.Left, question.Right);
        var operation = question.Operation switch
        {
            // The same questions under another name.
            GoatOperation.MultiplyByDigit => nameof(GoatOperation.Multiply),
            GoatOperation.DivideByDigit => nameof(GoatOperation.Divide),
            var own => Enum.GetName(own)!,
        };
        Span<char> text = stackalloc char[LongestText];
        if (question.Form is null && question.Decimals == 0 && text.TryWrite(CultureInfo.InvariantCulture, $"{Prefix}{operation} {a} {b}", out var written))
            return IsHeldOut(SeededRandom.StableHash(text[..written]));
        return IsHeldOut(SeededRandom.StableHash($"{Prefix}{operation} {question.Form ?? $"{GoatQuestion.Text(a, question.Decimals)} {GoatQuestion.Text(b, question.Decimals)}"}"));
    }

    private static bool IsHeldOut(ulong hash) => hash % 1000 < PerMille;
}
