using AlpacaCot.Data.Templates;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>Names that sweep files and adapters hold: one that is lost makes them unreadable.</summary>
public sealed class PinnedNamesTests
{
    [Fact]
    public void Golden_Cases_AreAllThere() => Golden.AtLeast(("format_jsonl", 1), ("format_parquet", 1), ("format_arrow", 1), ("format_compression", 1), ("format_csv", 1), ("format_dataset_info", 1), ("training_run", 4));

    [Fact]
    public void NamedChatTemplates_All_AreThoseThatASpecCanName() => Assert.Equal(Specs.TemplateNames.NamedChats, NamedChatTemplates.All.Select(template => template.Name));

    [Fact]
    public void PromptTemplates_All_AreThese() => Assert.Equal(["alpaca", "alpaca-newline", "alpaca_short", "goat", "plain", "alpaca-zh", "alpaca-zh-newline"], PromptTemplates.All.Select(template => template.Name));
}
