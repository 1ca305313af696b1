using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Specs;

/// <summary>What a user probably meant.</summary>
public sealed class SuggestionsTests
{
    [Theory]
    [InlineData("quikstart", "quickstart")]
    [InlineData("gsm", "gsm8k")]
    [InlineData("QUICK", "quickstart")]
    [InlineData("qu", null)]
    [InlineData("start", null)]
    public void Nearest_IsThatOfFewEdits_ElseTheShortestThatBeginsSo(string word, string? near) => Assert.Equal(near, Suggestions.Nearest(word, ["quickstart", "gsm8k-test", "gsm8k"]));
}
