using System.Numerics;
using AlpacaCot.Data.Goat;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Tests;

/// <summary>Expressions of whole numbers are evaluated in 64 bits, all others exactly: the two must never differ.</summary>
public sealed class GoatExpressionTests
{
    [Theory]
    [InlineData("8914 - 64 * 100", 2514L)]
    [InlineData("37*(30 + 7)", 1369L)]
    [InlineData("-(3 - 8) * -2", -10L)]
    [InlineData("84 / 7 / 2", 6L)]
    [InlineData("999999999 * 999999999", 999999998000000001L)]
    public void TryEvaluate_WholeNumbers_AreWorkedOutIn64Bits(string text, long value)
    {
        Assert.True(GoatWholeExpression.TryEvaluate(text, out var whole));
        Assert.Equal((value, new BigInteger(value)), (whole, GoatExpression.Exactly(text)?.Numerator));
    }

    [Theory]
    [InlineData("7 / 2 * 2", "7")]
    [InlineData("999999999999 * 999999999999", "999999999998000000000001")]
    [InlineData("1234567890123456789", "1234567890123456789")]
    [InlineData("9000000000000000000 + 9000000000000000000", "18000000000000000000")]
    [InlineData("2 * 3 ^ 2", "18")]
    [InlineData("-2 ^ 2", "-4")]
    [InlineData("1.5 + 1", "5/2")]
    [InlineData("17 mod 5", "2")]
    [InlineData("gcd(12, 18)", "6")]
    public void TryEvaluate_AnythingElse_IsLeftToExactNumbers(string text, string value)
    {
        Assert.False(GoatWholeExpression.TryEvaluate(text, out _));
        Assert.Equal(value, GoatExpression.Evaluate(text)?.ToString());
    }

    [Fact]
    public void TryEvaluate_RandomTexts_IsTheExactValue()
    {
        var random = SeededRandom.For(5, "expressions");
        var whole = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var text = Expression(random, 4);
            if (random.Next(4) == 0) text = text.Insert(random.Next(text.Length), "0123456789+-*/()^. "[random.Next(19)].ToString());
            if (!GoatWholeExpression.TryEvaluate(text, out var value)) continue;
            whole++;
            Assert.True(GoatExpression.Exactly(text) == (ExactNumber)(BigInteger)value, text);
        }
        Assert.InRange(whole, 15_000, 45_000);
    }

    private static string Expression(SeededRandom random, int depth) => random.Next(depth + 1) switch
    {
        0 => OperandRange.Digits(1 + random.Next(12)).Draw(random).ToString(System.Globalization.CultureInfo.InvariantCulture),
        1 => $"({Expression(random, depth - 1)})",
        2 => $"-{Expression(random, depth - 1)}",
        _ => $"{Expression(random, depth - 1)} {"+-*/"[random.Next(4)]} {Expression(random, depth - 1)}",
    };
}
