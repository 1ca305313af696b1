using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Preparation;
using AlpacaCot.Data.Templates;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

/// <summary>The sweeps in examples/ are read without an error, and their data mixes prepare.</summary>
public sealed class ExampleSweepTests
{
    [Theory]
    [InlineData("goat.yaml", false)]
    [InlineData("cot.yaml", true)]
    [InlineData("tables.yaml", true)]
    public void Example_EveryMix_HasRows(string file, bool real)
    {
        var spec = SweepDocument.ParseValid(File.ReadAllText(Path.Combine(Checkout, "examples", file)));
        var catalogue = real ? new DatasetCatalogue(RealData.Require()) : new DatasetCatalogue();

        foreach (var data in spec.Data)
        {
            var resolved = spec.Resolved(data);
            var rows = DataPreview.Rows(catalogue, resolved, new ByteTokenizer(), PromptTemplates.Get(resolved.Template!), 1 << 16, seed: 0, count: 6);
            Assert.True(rows.Count >= resolved.Sources.Count && rows.All(row => row.Refused is null), $"{file}, {data.Name}");
        }
    }

    private static string Checkout
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "AlpacaCot.Orleans.sln"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }
}
