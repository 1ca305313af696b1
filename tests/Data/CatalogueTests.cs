using AlpacaCot.Data.Catalogue;
using AlpacaCot.Specs;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class CatalogueTests
{
    [Fact]
    public void Files_KnownSet_IsFoundByNameLanguageAndPattern()
    {
        using var root = new TemporaryFolder();
        foreach (var file in (string[])["instructions/alpaca_zh_demo.json", "instructions/alpaca_en_demo.json", "cot/b_train.tsv", "cot/a_train.tsv", "cot/other.tsv", "mission.json", "own/2.jsonl", "own/1.tsv"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root[file])!);
            File.WriteAllText(root[file], "");
        }
        var catalogue = new DatasetCatalogue(root["absent"], root.Path);

        Assert.Equal([root["instructions/alpaca_en_demo.json"]], catalogue.Files(new() { Set = "alpaca" }));
        Assert.Equal([root["instructions/alpaca_zh_demo.json"]], catalogue.Files(new() { Set = "alpaca" }, "zh"));
        Assert.Equal([root["cot/a_train.tsv"], root["cot/b_train.tsv"]], catalogue.Files(new() { Set = "cot" }));
        Assert.Equal([root["mission.json"]], catalogue.Files(new() { Set = "mission" }));
        Assert.Equal([root["own/1.tsv"], root["own/2.jsonl"]], catalogue.Files(new() { Set = "own" }));
        Assert.Equal([root["own/1.tsv"]], catalogue.Files(new() { Path = "own/1.tsv" }));
        Assert.Equal([root["own/1.tsv"], root["own/2.jsonl"]], catalogue.Files(new() { Path = root["own"] }));
        Assert.Empty(catalogue.Files(new() { Goat = new GoatOptions() }));
        Assert.Contains("is not there", Error(new() { Set = "belle" }), StringComparison.Ordinal);
        Assert.Contains("unknown (looked in", Error(new() { Set = "alpacca" }), StringComparison.Ordinal);
        Assert.Contains("no variant in fr; it has en, zh", Error(new() { Set = "alpaca", Language = "fr" }), StringComparison.Ordinal);
        Assert.Contains("no such file", Error(new() { Path = "nowhere.json" }), StringComparison.Ordinal);

        string Error(SourceSpec source) => Assert.Throws<DatasetException>(() => catalogue.Files(source)).Message;
    }
}
