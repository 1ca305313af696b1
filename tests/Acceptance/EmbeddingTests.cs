namespace AlpacaCot.Tests.Acceptance;

/// <summary>The example of the client library: as it stands in the docs, as it is built, and what it prints.</summary>
[Trait("Category", "Acceptance")]
public sealed class EmbeddingTests(Bases bases)
{
    private static string Source => File.ReadAllText(Path.Combine(Programs.Checkout, "examples", "Embedding", "Program.cs"));

    [Fact]
    public void Docs_ShowTheProgramAsItIsBuilt()
    {
        Assert.Contains($"```csharp\n{Source}```", File.ReadAllText(Path.Combine(Programs.Checkout, "docs", "embedding.md")), StringComparison.Ordinal);
        Assert.InRange(Source.Split('\n').Count(line => line.Length > 0), 1, 20);
    }

    [Fact]
    public async Task Example_RunsASweepAndAsksItsBestTrial()
    {
        using var home = new Home();
        var program = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(Programs.Client)))!, "Embedding", Path.GetFileName(Path.GetDirectoryName(Programs.Client))!, "AlpacaCot.Embedding");
        var ran = (await home.StartProgram(program, Sweeps.Write(home, Sweeps.Tiny(bases.Sums))).EndAsync(TimeSpan.FromSeconds(400))).Done();
        Assert.Contains("nano+lora+sums+none+s0: succeeded", ran.Output, StringComparison.Ordinal);
        Assert.Contains("answers: ", ran.Output, StringComparison.Ordinal);
        Assert.Equal("", ran.Error);
        await Home.UntilAsync(() => home.Processes().Count == 0, "the silo that it started ends with it", TimeSpan.FromSeconds(60));
        // What a program submitted is a sweep like any other.
        Assert.Equal("done", (await home.RunAsync("sweep", "status", "tiny", "--json")).Done().Json().GetProperty("state").GetString());
        var wrong = (await home.StartProgram(program, Sweeps.Write(home, "name: x\nunheard_of: 1")).EndAsync(TimeSpan.FromSeconds(60))).Ended(2);
        Assert.Contains("line 2", wrong.Output, StringComparison.Ordinal);
    }
}
