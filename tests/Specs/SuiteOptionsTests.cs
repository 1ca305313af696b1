using System.Text.Json;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Specs.Tests;

/// <summary>What suites are told: typed values, each declared once.</summary>
public sealed class SuiteOptionsTests
{
    private static SuiteOptions Read(string suite, string options = "{}", int? limit = null, int fewShot = 0) => SuiteOptions.Read(new EvaluationSpec
    {
        Name = "mine", Suite = suite, Limit = limit, FewShot = fewShot, Options = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(options)!,
    });

    [Fact]
    public void Read_OptionsThatAreGiven_HaveTheirValues_TheOthersTheirDefaults()
    {
        var options = Read("exact-match", """{ "file": "f.jsonl", "until": "\n", "extract": "none", "ignore_case": true, "seed": 7 }""", fewShot: 2);
        Assert.Equal(("mine", 0, 2, 7), (options.Name, options.Limit, options.FewShot, options.Seed));
        Assert.Equal(("f.jsonl", "none", true, false), (
            options.Of(ExactMatchOptions.File), options.Of(ExactMatchOptions.Extract), options.Of(ExactMatchOptions.IgnoreCase), options.Of(ExactMatchOptions.IgnorePunctuation)));
        Assert.Equal(["\n"], options.Of(ExactMatchOptions.Until));
        Assert.Equal(("question", "{question}", null), (options.Of(ExactMatchOptions.Question), options.Of(ExactMatchOptions.Format), options.Of(ExactMatchOptions.FilterList)));
        Assert.Equal((200, 5), (Read("goat-arithmetic").Limit, Read("goat-arithmetic", limit: 5).Limit));
        Assert.Equal([1, 5], Read("goat-arithmetic").Of(GoatArithmeticOptions.Digits));
    }

    [Theory]
    [InlineData("nope", "{}", "known are exact-match, goat-arithmetic")]
    [InlineData("goat-arithmetic", """{ "digit": 3 }""", "has no option 'digit'; it has decimals, digits, few_shot")]
    [InlineData("goat-arithmetic", """{ "digits": "many" }""", "option digits: \"many\" is not of the right type")]
    [InlineData("goat-arithmetic", """{ "digits": [1, 2.5] }""", "option digits: [1,2.5] is not of the right type")]
    [InlineData("goat-arithmetic", """{ "noise": "yes" }""", "option noise")]
    [InlineData("goat-arithmetic", """{ "style": "column" }""", "'column' is unknown; known are direct, goat, steps")]
    [InlineData("goat-arithmetic", """{ "limit": 0 }""", "option limit: 0 is not from 1 to 5000000")]
    [InlineData("goat-arithmetic", """{ "few_shot": 3 }""", "'few_shot' stands beside the options")]
    [InlineData("exact-match", """{ "until": [null] }""", "option until")]
    [InlineData("exact-match", """{ "filter_list": [{ "name": "f", "filter": [{ "function": "regex", "group_select": "last" }] }] }""", "pipeline 'f': filter regex: 'group_select' is \"last\", expected a whole number")]
    public void Read_OptionThatCannotBe_IsToldWithItsName(string suite, string options, string says)
        => Assert.Contains(says, Assert.Throws<SweepException>(() => Read(suite, options)).Message, StringComparison.Ordinal);

    [Fact]
    public void FilterList_WrittenAndRead_IsTheSame()
    {
        const string Pipelines = """[{"name":"strict","filter":[{"function":"regex","regex_pattern":"(\\d\u002B)","group_select":-1,"fallback":"?"},{"function":"map","mapping_dict":{"a":"b"},"default_value":"c"},{"function":"take_first_k","k":2},{"function":"multi_choice_regex","regexes_to_ignore":["x"],"ignore_case":true,"ignore_punctuation":true}]}]""";
        var options = Read("exact-match", $$"""{ "file": "f", "filter_list": {{Pipelines}} }""");
        Assert.Equal(Pipelines, options.ToJson()["filter_list"]!.ToJsonString());
        Assert.Equal((-1, "?"), (options.Of(ExactMatchOptions.FilterList)![0].Steps[0].GroupSelect, options.Of(ExactMatchOptions.FilterList)![0].Steps[0].Fallback));
    }

    /// <summary>The configuration is part of a result's key: its order stays.</summary>
    [Fact]
    public void ToJson_HasEveryOption_InTheOrderOfItsDeclaration()
        => Assert.Equal(
            """{"name":"mine","suite":"goat-arithmetic","limit":3,"few_shot":0,"seed":1234,"operations":["add","subtract"],"digits":[1,5],"style":"goat","noise":true,"signed":false,"decimals":0}""",
            Read("goat-arithmetic", limit: 3).ToJson().ToJsonString());

    [Fact]
    public void Files_AreThoseThatOptionsName()
        => Assert.Equal(
            [("few_shot_file", "dev"), ("file", "a.csv"), ("file", "b.csv")],
            Read("multiple-choice", """{ "file": ["a.csv", "b.csv"], "few_shot_file": "dev", "question": "a.csv" }""").Files);
}
