using System.Numerics;
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

    /// <summary>Whether a question is held out.</summary>
    public static bool Contains(GoatQuestion question)
    {
        var (a, b) = (question.Left, question.Right);
        if (question.Operation != GoatOperation.Divide && a > b) (a, b) = (b, a);
        return SeededRandom.StableHash($"goat-held-out-1 {question.Operation} {Text(a)} {Text(b)}") % 1000 < PerMille;
    }

    private static string Text(BigInteger value) => GoatQuestion.Text(value);
}
