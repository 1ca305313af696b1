using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Importing;
using AlpacaCot.Data.Templates;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class CatalogueTests
{
    [Fact]
    public void Read_WhatASweepHolds_GivesTheSpec()
    {
        var spec = Read("""
            {"name": "mix", "template": "goat", "language": "en", "sources": ["alpaca", "rows/own.jsonl",
              {"set": "cot", "weight": 2.0, "limit": 20000, "options": {"cot": "answer", "cue": "Think.", "seed": 7}},
              {"path": "x.tsv", "format": "tsv"},
              {"set": "goat", "options": {"operations": ["add", "subtract"], "digits": [1, 7], "style": "steps", "count": 500, "noise": false, "split": "held_out"}}]}
            """);

        Assert.Equal(("mix", "goat", "en"), (spec.Name, spec.Template, spec.Language));
        Assert.Equal([new() { Set = "alpaca" }, new() { Path = "rows/own.jsonl" },
            new() { Set = "cot", Weight = 2, Limit = 20000, Cot = RationaleUse.Answer, Cue = "Think.", Seed = 7 }, new() { Path = "x.tsv", Format = RecordFormat.Tsv }],
            spec.Sources.Take(4));
        var goat = spec.Sources[4].Goat!;
        Assert.Equal((1, 7, GoatStyle.Steps, 500, false, GoatSplit.HeldOut), (goat.MinDigits, goat.MaxDigits, goat.Style, goat.Count, goat.Noise, goat.Split));
    }

    [Fact]
    public void Write_ThenRead_GivesTheSameText()
    {
        var spec = new DataSpec
        {
            Name = "mix",
            Sources =
            [
                new() { Set = "cot", Weight = 0.25, Limit = 3, Language = "en", Seed = 1, Cot = RationaleUse.Answer, Cue = "先思考" }, new() { Path = "a/b.json", Format = RecordFormat.Json },
                new() { Goat = new GoatOptions { MinDigits = 3, MaxDigits = 3, Count = 4, Style = GoatStyle.Direct } }, new() { Goat = new GoatOptions { Paper = true } },
            ],
        };
        var text = DataSpecJson.Write(spec);

        Assert.Equal(text, DataSpecJson.Write(Read(text)));
    }

    [Fact]
    public void Read_ManyMistakes_ReportsAllAtOnce()
    {
        var error = Assert.Throws<DatasetException>(() => Read("""
            {"sources": [{"set": "a", "wieght": 2}, {"limit": 0, "set": "b"}, {"path": "x", "set": "c"}, {"set": "goat", "options": {"digits": [5, 2], "style": "long"}},
              {"set": "cot", "options": {"digits": 3}}], "template": "alpacca"}
            """));

        foreach (var part in (string[])["wieght: unknown key; known: format, limit", "limit 0 must be", "either set or path", "goat.digits: [5, 2]", "style: expected one of goat, direct, steps", "options.digits: unknown key", "template alpacca: unknown"])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

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
        Assert.Empty(catalogue.Files(new() { Goat = new GoatOptions() }));
        Assert.Contains("is not there", Error(new() { Set = "belle" }), StringComparison.Ordinal);
        Assert.Contains("unknown (looked in", Error(new() { Set = "alpacca" }), StringComparison.Ordinal);
        Assert.Contains("no variant in fr; it has en, zh", Error(new() { Set = "alpaca", Language = "fr" }), StringComparison.Ordinal);
        Assert.Contains("no such file", Error(new() { Path = "nowhere.json" }), StringComparison.Ordinal);

        string Error(DataSource source) => Assert.Throws<DatasetException>(() => catalogue.Files(source)).Message;
    }

    private static DataSpec Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return DataSpecJson.Read(document.RootElement);
    }
}
