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
        var text = new TextBuffer();
        text.Text(Prefix);
        text.Text(operation);
        text.Text(" ");
        if (question.Form is { } form) text.Text(form);
        else
        {
            text.Number(a, question.Decimals);
            text.Text(" ");
            text.Number(b, question.Decimals);
        }
        var hash = SeededRandom.StableHash(text.Written);
        text.Return();
        return hash % 1000 < PerMille;
    }
}
