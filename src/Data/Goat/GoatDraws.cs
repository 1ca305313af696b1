using System.Numerics;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Goat;

/// <summary>How a question of an operation is drawn from the ranges of its shorter and its longer operand.</summary>
internal static class GoatDraws
{
    /// <summary>The study of learnability orders three numbers.</summary>
    private const int Ordered = 3;

    private const int LargestExponent = 4;

    /// <summary>Whether an operation has one number of many digits, so that a cell is one length and no pair of them.</summary>
    public static bool HasOneLength(GoatOperation operation)
        => operation is GoatOperation.Copy or GoatOperation.Split or GoatOperation.Power or GoatOperation.MultiplyByDigit or GoatOperation.DivideByDigit;

    /// <summary>The draw of an operation.</summary>
    public static Func<SeededRandom, GoatQuestion> Of(GoatOperation operation, OperandRange small, OperandRange large, bool signed, int decimals) => operation switch
    {
        GoatOperation.Divide or GoatOperation.Modulo => random => new(operation, large.Draw(random), BigInteger.Max(small.Draw(random), 1)),
        GoatOperation.Gcd => random => Gcd(small, large, random),
        GoatOperation.Power => random => new(operation, large.Draw(random), random.Next(LargestExponent + 1)),
        GoatOperation.Copy or GoatOperation.Split => random => new(operation, large.Draw(random), BigInteger.Zero),
        GoatOperation.Compare => random => Different(small, large, random),
        GoatOperation.Order => random => WithForm(operation, string.Join(", ", Numbers(Ordered, small, large, false, random).Select(number => GoatQuestion.Text(number)))),
        GoatOperation.Mixed => random => WithForm(operation, MixedExpression.Draw(random, Numbers(3 + random.Next(2), small, large, signed, random)).ToString()),
        GoatOperation.MultiplyByDigit => random => new(operation, large.Draw(random), 2 + random.Next(8)),
        GoatOperation.DivideByDigit => random => new(operation, large.Draw(random), 2 + random.Next(8)),
        _ when decimals == 0 && !signed => random => Swapped(operation, small.Draw(random), large.Draw(random), random),
        _ => random => Swapped(operation, Signed(Scaled(small, decimals, random), signed, random), Signed(Scaled(large, decimals, random), signed, random), random) with { Decimals = decimals },
    };

    /// <summary>The two operands in either order.</summary>
    public static GoatQuestion Swapped(GoatOperation operation, BigInteger a, BigInteger b, SeededRandom random)
        => random.Next(2) == 0 ? new(operation, a, b) : new(operation, b, a);

    private static GoatQuestion WithForm(GoatOperation operation, string form) => new(operation, BigInteger.Zero, BigInteger.Zero) { Form = form };

    // Drawn numbers seldom share a factor: every other question is given one.
    private static GoatQuestion Gcd(OperandRange small, OperandRange large, SeededRandom random)
    {
        var (a, b) = (BigInteger.Max(large.Draw(random), 1), BigInteger.Max(small.Draw(random), 1));
        var common = random.Next(BigInteger.One, BigInteger.Max(BigInteger.One, OperandRange.Power(GoatQuestion.Text(b).Length / 2 + 1)));
        if (random.Next(2) == 0 && common <= b) (a, b) = (a - a % common, b - b % common);
        return new(GoatOperation.Gcd, BigInteger.Max(a, common), b);
    }

    // Of two equal numbers none is larger.
    private static GoatQuestion Different(OperandRange small, OperandRange large, SeededRandom random)
    {
        while (true)
        {
            var question = Swapped(GoatOperation.Compare, small.Draw(random), large.Draw(random), random);
            if (question.Left != question.Right) return question;
        }
    }

    private static List<BigInteger> Numbers(int count, OperandRange small, OperandRange large, bool signed, SeededRandom random)
    {
        // One number of each length, the rest of either: the cell is what its name says.
        var numbers = new List<BigInteger> { small.Draw(random), large.Draw(random) };
        while (numbers.Count < count) numbers.Add((random.Next(2) == 0 ? small : large).Draw(random));
        for (var i = 0; i < numbers.Count; i++) numbers[i] = Signed(numbers[i], signed, random);
        random.Shuffle<BigInteger>(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(numbers));
        return numbers;
    }

    private static BigInteger Signed(BigInteger value, bool signed, SeededRandom random) => signed && random.Next(2) == 0 ? -value : value;

    private static BigInteger Scaled(OperandRange range, int decimals, SeededRandom random)
    {
        var whole = range.Draw(random);
        if (decimals == 0) return whole;
        var places = random.Next(decimals + 1);
        return (whole * OperandRange.Power(places) + random.Next(BigInteger.Zero, OperandRange.Power(places) - 1)) * OperandRange.Power(decimals - places);
    }
}
