using System.Text;
using AlpacaCot.Specs;

namespace AlpacaCot.Tests.Specs;

/// <summary>What a sweep file may not be, and what other readers trip over.</summary>
public sealed class StrictReadingTests
{
    [Fact]
    public void Parse_BytesThatAreNoUtf8_AreRefusedAtTheirPlace()
    {
        var error = Assert.Single(SweepDocument.Parse(Encoding.Latin1.GetBytes("name: a\ncot: \"Café\"\n")).Errors);
        Assert.Equal((2, 10), (error.Line, error.Column));
        Assert.Contains("is not UTF-8: the byte 0xE9", error.Message, StringComparison.Ordinal);
        Assert.Contains("Latin-1", error.Fix, StringComparison.Ordinal);
        Assert.Contains("UTF-16", Assert.Single(SweepDocument.Parse(Encoding.Unicode.GetPreamble()).Errors).Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ByteOrderMark_IsNoPartOfTheFirstKey()
    {
        Assert.Empty(SweepDocument.Parse([.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(SweepFiles.Example)]).Errors);
        Assert.Empty(SweepFiles.ErrorsOf("\uFEFF" + SweepFiles.Example));
    }

    [Theory]
    [InlineData("name: a\nseeds: [0]\nmodels:\n\t- m/a\npeft: lora\ndata: alpaca", 4, 1)]
    [InlineData("name: a\nmodels:\n  - path: m\n\t  load: bf16\n", 4, 1)]
    public void Parse_TabInTheIndentation_IsNamedAtItsTrueLine(string yaml, int line, int column)
    {
        var error = SweepFiles.OnlyErrorOf(yaml);
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains("tab", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_MergeKey_BringsTheOtherMappingsEntries()
    {
        var spec = SweepDocument.ParseValid("""
            name: a
            models: m/a
            peft: lora
            data:
              - &a { name: one, sources: [alpaca], template: goat }
              - { <<: *a, name: two }
              - { <<: [{ language: zh }, *a], name: three, template: plain }
            """);
        Assert.Equal(["goat", "goat", "plain"], spec.Data.Select(d => d.Template));
        Assert.Equal([null, null, "zh"], spec.Data.Select(d => d.Language));
        Assert.All(spec.Data, d => Assert.Equal("alpaca", d.Sources[0].Set));
        Assert.Contains("merges mappings", SweepFiles.OnlyErrorOf("name: a\nmodels: m\npeft: [{ <<: 3, method: lora }]\ndata: d").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AliasesOfAliases_AreRefusedBeforeTheyFillTheMemory()
    {
        var yaml = new StringBuilder("name: a\nmodels: m\npeft: lora\ndata: d\nevaluation:\n  - suite: s\n    options:\n      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++) yaml.Append(System.Globalization.CultureInfo.InvariantCulture, $"      a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Contains(SweepFiles.ErrorsOf(yaml.ToString()), e => e.Message.Contains("aliases counted as what they stand for", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("data: [{ sources: [{ goat: { digitz: 3 } }] }]", "data[0].sources[0].goat.digitz: unknown key; did you mean 'digits'?")]
    [InlineData("data: [{ sources: [{ goat: { digits: [5, 2] } }] }]", "data[0].sources[0].goat.digits: must be a number of digits, or the fewest and the most")]
    [InlineData("data: [{ sources: [{ goat: { style: long } }] }]", "data[0].sources[0].goat.style: 'long' is not known")]
    [InlineData("data: [{ sources: [{ goat: { operations: [ad] } }] }]", "data[0].sources[0].goat.operations: 'ad' is not known; did you mean 'add'?")]
    [InlineData("data: [{ sources: [{ path: a.json, language: en }] }]", "data[0].sources[0].language: picks a variant of a known set")]
    [InlineData("data: [{ sources: [alpaca], cot: both }]", "data[0].cot: 'both' is not known")]
    public void Parse_WrongData_IsToldAtItsPlace(string data, string says)
        => Assert.Contains(says, SweepFiles.OnlyErrorOf("name: a\nmodels: m\npeft: lora\n" + data).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Parse_Goat_IsTyped()
    {
        var goat = SweepDocument.ParseValid("name: a\nmodels: m\npeft: lora\ndata: [{ sources: [{ goat: { operations: [add, divide], digits: [1, 7], style: steps, count: 500, noise: false, split: held_out } }, { goat: { digits: 3 } }] }]").Data[0].Sources;
        Assert.Equal([GoatOperation.Add, GoatOperation.Divide], goat[0].Goat!.Operations);
        Assert.Equal((1, 7, GoatStyle.Steps, 500, false, GoatSplit.HeldOut), (goat[0].Goat!.MinDigits, goat[0].Goat!.MaxDigits, goat[0].Goat!.Style, goat[0].Goat!.Count, goat[0].Goat!.Noise, goat[0].Goat!.Split));
        Assert.Equal((3, 3), (goat[1].Goat!.MinDigits, goat[1].Goat!.MaxDigits));
    }

    [Theory]
    [InlineData("schedule: cosine_with_restarts, schedule_arguments: { num_cycles: 2 }")]
    [InlineData("schedule: polynomial, schedule_arguments: { power: 2, lr_end: 0 }")]
    [InlineData("schedule: inverse_sqrt, warmup_steps: 3")]
    public void Parse_SchedulesThatExist_AreAccepted(string training)
        => Assert.Empty(SweepFiles.ErrorsOf(SweepFiles.Smallest + "\ntraining: { " + training + " }"));

    [Theory]
    [InlineData("schedule: linear, schedule_arguments: { power: 2 }", "the schedule 'linear' has no power")]
    [InlineData("schedule: polynomial, learning_rate: 1e-4, schedule_arguments: { lr_end: 1e-3 }", "must be below the learning rate")]
    [InlineData("clip: -1", "must be at least 0")]
    public void Parse_ScheduleArgumentsOfAnother_AreRefused(string training, string says)
        => Assert.Contains(says, SweepFiles.OnlyErrorOf(SweepFiles.Smallest + "\ntraining: { " + training + " }").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("all-linear", "\"all-linear\"")]
    [InlineData("[All-Linear]", "\"all-linear\"")]
    [InlineData("q_proj", "[\"q_proj\"]")]
    [InlineData("model.layers.0.self_attn.q_proj", "[\"model.layers.0.self_attn.q_proj\"]")]
    [InlineData("\".*(q|v)_proj\"", "\".*(q|v)_proj\"")]
    public void Parse_Targets_AreNamesOrAPattern(string targets, string json)
        => Assert.Equal(json, SweepDocument.ParseValid($"name: a\nmodels: m\ndata: d\npeft: [{{ method: lora, targets: {targets} }}]").Peft[0].Options["target_modules"].GetRawText());

    [Theory]
    [InlineData("[q_proj, all-linear]", "stands alone")]
    [InlineData("[q_proj, \".*v\"]", "stands alone")]
    [InlineData("\"(q\"", "neither a name nor a regular expression")]
    public void Parse_TargetsThatMixOrCannotBeRead_AreRefused(string targets, string says)
        => Assert.Contains(says, SweepFiles.OnlyErrorOf($"name: a\nmodels: m\ndata: d\npeft: [{{ method: lora, targets: {targets} }}]").Message, StringComparison.Ordinal);
}
