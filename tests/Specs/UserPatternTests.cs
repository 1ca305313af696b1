using AlpacaCot.Specs;

namespace AlpacaCot.Specs.Tests;

public sealed class UserPatternTests
{
    [Theory]
    [InlineData("(a", "'(a'")]
    [InlineData("(a\nb\r\nc\u2028d", "'(a b c d'")]
    public void Quoted_AnyExpression_IsOneLine(string expression, string quoted) => Assert.Equal(quoted, UserPattern.Quoted(expression));

    [Fact]
    public void Quoted_LongExpression_IsItsBeginning()
    {
        var quoted = UserPattern.Quoted(new string('(', 60_000));
        Assert.InRange(quoted.Length, 100, 300);
        Assert.EndsWith("…'", quoted, StringComparison.Ordinal);
    }
}
