using System.Diagnostics.CodeAnalysis;
using AlpacaCot.Specs;

namespace AlpacaCot.Data.Goat;

/// <summary>Questions that may not be drawn twice: a sum or product turned around is the same question.</summary>
internal sealed class SameQuestion : IEqualityComparer<GoatQuestion>
{
    public static SameQuestion Comparer { get; } = new();

    public bool Equals(GoatQuestion? x, GoatQuestion? y)
    {
        if (x is null || y is null) return ReferenceEquals(x, y);
        if (x.Operation != y.Operation || x.Decimals != y.Decimals || x.Form != y.Form) return false;
        return (x.Left == y.Left && x.Right == y.Right) || (CanTurn(x) && x.Left == y.Right && x.Right == y.Left);
    }

    // The operands in either order give one hash.
    public int GetHashCode([DisallowNull] GoatQuestion question)
        => HashCode.Combine(question.Operation, question.Left.GetHashCode() + question.Right.GetHashCode(), question.Form);

    private static bool CanTurn(GoatQuestion question) => question.Operation is GoatOperation.Add or GoatOperation.Multiply;
}
