using System.Numerics;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>The six parts of the published data (and of its table of shares), and what it does not hold.</summary>
public enum GoatPart
{
    /// <summary>Sums.</summary>
    Addition,

    /// <summary>Differences.</summary>
    Subtraction,

    /// <summary>Products with a factor of one non-zero digit: direct.</summary>
    MultiplicationByDigit,

    /// <summary>Products of long factors: with working.</summary>
    Multiplication,

    /// <summary>Quotients by one digit, 0 or 10, and quotients of 0: direct.</summary>
    DivisionByDigit,

    /// <summary>Quotients by long divisors: with working.</summary>
    Division,

    /// <summary>Further operations, and the tasks of the learnability study.</summary>
    Other,
}

/// <summary>One cell of the generator: what is drawn, and how often.</summary>
/// <param name="Part">The part that it belongs to.</param>
/// <param name="Name">What it holds, in words: <c>add 3×5 digits</c>.</param>
/// <param name="Rows">Rows to draw.</param>
internal sealed record GoatCell(GoatPart Part, string Name, int Rows)
{
    /// <summary>Draws one question.</summary>
    public required Func<SeededRandom, GoatQuestion> Draw { get; init; }
}

/// <summary>Inclusive bounds of an operand.</summary>
internal readonly record struct OperandRange(BigInteger Low, BigInteger High)
{
    /// <summary>Exactly so many digits; one digit includes 0.</summary>
    public static OperandRange Digits(int digits) => new(digits == 1 ? 0 : Power(digits - 1), Power(digits) - 1);

    /// <summary>The paper's "i digits": 10^(i−1) … 10^i.</summary>
    public static OperandRange Loose(int digits) => new(Power(digits - 1), Power(digits));

    /// <summary>The paper's "i digits+": 10^(i−1)+1 … 10^i.</summary>
    public static OperandRange Plus(int digits) => new(Power(digits - 1) + 1, Power(digits));

    /// <summary>The paper's "i digits±": 10^(i−1)+1 … 10^i − 1.</summary>
    public static OperandRange Strict(int digits) => new(Power(digits - 1) + 1, Power(digits) - 1);

    public static OperandRange Of(int low, int high) => new(low, high);

    public static BigInteger Power(int exponent) => BigInteger.Pow(10, exponent);

    public BigInteger Draw(SeededRandom random) => random.Next(Low, High);
}
