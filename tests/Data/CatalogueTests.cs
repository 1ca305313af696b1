using System.Text.Json;
using AlpacaCot.Data.Catalogue;
using AlpacaCot.Data.Goat;
using AlpacaCot.Data.Templates;
using AlpacaCot.Tests;

namespace AlpacaCot.Data.Tests;

public sealed class CatalogueTests
{
    [Fact]
    public void Read_WhatASweepHolds_GivesTheSpec()
    {
        var spec = Read("""
            {"name": "mix", "template": "goat", "language": "en", "cot": "answer", "sources": ["alpaca", "rows/own.jsonl", "goat",
              {"set": "cot", "weight": 2.0, "limit": 20000, "cot": "rationale", "cue": "Think.", "seed": 7},
              {"goat": {"operations": ["add", "subtract"], "digits": [1, 7], "style": "steps", "count": 500, "noise": false, "split": "held_out"}, "weight": 0.5}]}
            """);

        Assert.Equal(("mix", "goat", "en", RationaleUse.Answer), (spec.Name, spec.Template, spec.Language, spec.Cot));
        Assert.Equal(new() { Set = "alpaca" }, spec.Sources[0]);
        Assert.Equal(new() { Path = "rows/own.jsonl" }, spec.Sources[1]);
        Assert.Equal("goat", spec.Sources[2].Name);
        Assert.Equal(new() { Set = "cot", Weight = 2, Limit = 20000, Cot = RationaleUse.RationaleThenAnswer, Cue = "Think.", Seed = 7 }, spec.Sources[3]);
        var goat = spec.Sources[4].Goat!;
        Assert.Equal((1, 7, GoatStyle.Steps, 500, false, GoatSplit.HeldOut), (goat.MinDigits, goat.MaxDigits, goat.Style, goat.Count, goat.Noise, goat.Split));
        Assert.Equal([GoatOperation.Add, GoatOperation.Subtract], goat.Operations);
    }

    [Fact]
    public void Write_ThenRead_GivesTheSameText()
    {
        var spec = new DataSpec
        {
            Name = "mix",
            Sources =
            [
                new() { Set = "cot", Weight = 0.25, Limit = 3, Language = "en", Seed = 1, Cot = RationaleUse.Answer, Cue = "先思考" }, new() { Path = "a/b.json" },
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
            {"sources": [{"set": "a", "wieght": 2}, {"limit": 0, "set": "b"}, {"path": "x", "set": "c"}, {"goat": {"digits": [5, 2], "style": "long"}},
              {"weight": 1}, {"goat": {"digits": "3", "operation": "add"}}], "template": "alpacca", "cot": "both"}
            """));

        foreach (var part in (string[])["wieght: unknown key; known: cot, cue, goat", "limit 0 must be", "exactly one of set, path and goat", "goat.digits: [5, 2]",
            "style: expected one of goat, direct, steps", "goat.operation: unknown key", "goat.digits: expected", "template alpacca: unknown", "data.cot: expected one of answer, rationale"])
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
        Assert.Equal([root["own/1.tsv"]], catalogue.Files(new() { Path = "own/1.tsv" }));
        Assert.Equal([root["own/1.tsv"], root["own/2.jsonl"]], catalogue.Files(new() { Path = root["own"] }));
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
