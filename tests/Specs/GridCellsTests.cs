namespace AlpacaCot.Specs.Tests;

/// <summary>Which combinations a sweep holds.</summary>
public sealed class GridCellsTests
{
    private static IEnumerable<string> Trained(string more) => GridCells.Trained(SweepDocument.ParseValid($$"""
        name: s
        models: [{ name: a, path: a }, { name: b, path: b }]
        peft: [lora, ia3]
        data: [{ name: x, sources: [goat]{{(more.StartsWith("when", StringComparison.Ordinal) ? $", {more}" : "")}} }, { name: y, sources: [{ goat: { digits: [1, 2] } }] }]
        {{(more.StartsWith("when", StringComparison.Ordinal) ? "" : more)}}
        """)).Select(pair => $"{pair.Model.Name} {pair.Data.Name}");

    [Fact]
    public void Trained_WholeGrid_IsEveryPairOnce() => Assert.Equal(["a x", "a y", "b x", "b y"], Trained(""));

    /// <summary>A pair is left out only where no method is trained on it.</summary>
    [Theory]
    [InlineData("when: { model: b }", "a y, b x, b y")]
    [InlineData("exclude: [{ model: [a], data: [x] }]", "a y, b x, b y")]
    [InlineData("exclude: [{ model: [a], data: [x], peft: [lora] }]", "a x, a y, b x, b y")]
    [InlineData("exclude: [{ model: [a] }]\ninclude: [{ model: [a], data: [y], peft: [ia3] }]", "a y, b x, b y")]
    public void Trained_PairsThatArePruned_AreNotAmongThem(string more, string pairs) => Assert.Equal(pairs.Split(", "), Trained(more));
}
