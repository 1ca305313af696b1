using AlpacaCot.Data.Templates;

namespace AlpacaCot.Data.Tests;

/// <summary>Names that sweep files and adapters hold: one that is lost makes them unreadable.</summary>
public sealed class PinnedNamesTests
{
    [Fact]
    public void PromptTemplates_All_AreThese() => Assert.Equal(["alpaca", "alpaca-newline", "alpaca_short", "goat", "plain"], PromptTemplates.All.Select(template => template.Name));
}
