using System.Text.Json;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

public sealed class SpecValidatorTests
{
    private static readonly SpecFacts Good = new()
    {
        Models = [Model("llama-nano"), Model("tall-nano")],
        Data = [new DataFacts { Name = "alpaca", Sources = [new SourceFacts { Rows = 10 }] }, new DataFacts { Name = "alpaca-cot", Sources = [new SourceFacts { Rows = 10 }, new SourceFacts { Rows = 20_000 }] }],
        Mixes = [new MixFacts { Model = "llama-nano", Data = "alpaca", Kept = 100, Tokens = 1000 }],
        Suites = [new SuiteFacts { Name = "goat-arithmetic", Items = 500 }],
        KnownSets = ["alpaca", "cot"],
        KnownTemplates = ["alpaca", "alpaca_short"],
        KnownSuites = ["goat-arithmetic", "perplexity"],
    };

    private static ModelFacts Model(string name) => new() { Name = name, ModelType = "llama", VocabularySize = 512, TokenizerVocabulary = 512, MaxPositions = 512, Projections = [new("q_proj"), new("v_proj")] };

    private static IReadOnlyList<SpecError> Validate(SpecFacts facts, string yaml = SweepFiles.Example) => SpecValidator.Validate(SweepDocument.Parse(yaml), facts);

    [Fact]
    public void Validate_GoodFacts_HasNoRemarks() => Assert.Empty(Validate(Good));

    [Fact]
    public void Validate_NoFacts_ChecksNothing() => Assert.Empty(Validate(new SpecFacts()));

    public static TheoryData<string, string, int, SpecFacts> Mistakes => new()
    {
        { "models[0].path", "'models/llama-nano' is not there", 4, Good with { Models = [Model("llama-nano") with { Exists = false }] } },
        { "models[0].path", "config.json: no hidden_size", 4, Good with { Models = [Model("llama-nano") with { Error = "config.json: no hidden_size" }] } },
        { "models[1].path", "model_type 'bloom' is not built yet", 5, Good with { Models = [Model("tall-nano") with { ModelType = "bloom", Supported = false, SupportedTypes = ["llama"] }] } },
        { "models[0]", "the tokenizer has 600 ids, the embedding 512 rows", 4, Good with { Models = [Model("llama-nano") with { TokenizerVocabulary = 600 }] } },
        { "models[0]", "tokenizer of llama-nano: no tokenizer.json", 4, Good with { Models = [Model("llama-nano") with { TokenizerError = "no tokenizer.json" }] } },
        { "peft[0].targets", "tall-nano has no projection 'v_proj'", 7, Good with { Models = [Model("tall-nano") with { Projections = [new("model.layers.0.self_attn.q_proj"), new("W_pack")] }] } },
        { "data[1].sources[1]", "there is no data set 'cot'", 11, Good with { Data = [new DataFacts { Name = "alpaca-cot", Sources = [new SourceFacts { Rows = 1 }, new SourceFacts { Exists = false }] }] } },
        { "data[0].sources[0]", "'alpaca' has no rows", 10, Good with { Data = [new DataFacts { Name = "alpaca", Sources = [new SourceFacts()] }] } },
        { "data[0]", "goat: unknown key digitz", 10, Good with { Data = [new DataFacts { Name = "alpaca", Errors = ["goat: unknown key digitz"], Sources = [new SourceFacts { Rows = 1 }] }] } },
        { "data[0]", "no row of 'alpaca' can be learnt under llama-nano's tokenizer (7 too long, 2 empty answer)", 10, Good with { Mixes = [new MixFacts { Model = "llama-nano", Data = "alpaca", Dropped = new Dictionary<string, long> { ["empty answer"] = 2, ["too long"] = 7 } }] } },
        { "template", "there is no template 'alpaca'", 0, Good with { KnownTemplates = ["chatml"] } },
        { "evaluation[0].suite", "there is no suite 'goat-arithmetic'", 17, Good with { Suites = [new SuiteFacts { Name = "goat-arithmetic", Exists = false }] } },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Validate_OneBadFact_IsAnErrorAtItsPlace(string path, string message, int line, SpecFacts facts)
    {
        var error = Validate(facts).First(e => e.Severity == SpecSeverity.Error);
        Assert.Equal((path, line), (error.Path, error.Line));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ErrorsOfFileAndFacts_AreShownTogetherInOrder()
    {
        var remarks = Validate(Good with { Models = [Model("tall-nano") with { Exists = false }] }, SweepFiles.Example.Replace("cutoff_len: 512", "cutoff: 512", StringComparison.Ordinal));
        Assert.Equal(["models[1].path", "training.cutoff"], remarks.Select(r => r.Path));
    }

    [Fact]
    public void Validate_DoubtfulFacts_AreAdvice()
    {
        var remarks = Validate(
            Good with { Mixes = [new MixFacts { Model = "llama-nano", Data = "alpaca", Kept = 12, Truncated = 6, Longest = 900, Dropped = new Dictionary<string, long> { ["duplicate"] = 3 } }] },
            SweepFiles.Example.Replace("cutoff_len: 512", "cutoff_len: 600, learning_rate: 3e-4", StringComparison.Ordinal).Replace(", learning_rate: 3.0e-3", "", StringComparison.Ordinal));
        Assert.All(remarks, r => Assert.Equal(SpecSeverity.Advice, r.Severity));
        Assert.All(
            (string[])["3 of 15 rows", "6 of 12 rows", "only 12 rows", "600 tokens are more", "far from what ia3 needs"],
            words => Assert.Contains(remarks, r => r.Message.Contains(words, StringComparison.Ordinal)));
    }

    [Fact]
    public void Validate_RemarksOnRowsAndPrompts_AreAdviceAndToldOnce()
    {
        MixFacts Mix(string model) => new() { Model = model, Data = "alpaca", Kept = 100, Remarks = ["rows.tsv: line 1 is a header"] };
        var remarks = Validate(Good with
        {
            Mixes = [Mix("llama-nano"), Mix("tall-nano")],
            Suites = [new SuiteFacts { Name = "goat-arithmetic", Items = 500, Remarks = ["under llama-nano's tokenizer 3 of 500 prompts are longer"] }],
        });
        Assert.Equal([("data[0]", "rows.tsv: line 1 is a header"), ("evaluation[0]", "under llama-nano's tokenizer 3 of 500 prompts are longer")], remarks.Select(r => (r.Path, r.Message)));
        Assert.All(remarks, r => Assert.Equal(SpecSeverity.Advice, r.Severity));
    }

    /// <summary>What runs, but probably not as its writer meant it.</summary>
    [Theory]
    [InlineData("r: 8, alpha: 16", "r: 512, alpha: 16", "peft[0].r", "rank 512 is above the width")]
    [InlineData("learning_rate: 3.0e-3", "learning_rate: 0", "peft[1].learning_rate", "learns nothing")]
    [InlineData("cutoff_len: 512,", "cutoff_len: 512, warmup_ratio: 1,", "training.warmup_ratio", "the warm-up covers all 21 steps on 'alpaca'")]
    [InlineData("cutoff_len: 512,", "cutoff_len: 512, max_steps: 1, warmup_ratio: 0.5,", "training.warmup_ratio", "nothing is learnt")]
    [InlineData("limit: 20000", "limit: 20001", "data[1].sources[1].limit", "has only 20000 rows")]
    [InlineData("{ name: cue, cue: \"Let's think step by step.\" }", "{ name: cue }", "cot[1]", "'cue' is the same as 'none'")]
    [InlineData("{ name: ia3, method: ia3, learning_rate: 3.0e-3 }", "{ name: again, method: lora, targets: [q_proj, v_proj] }", "peft[1]", "'again' is the same as 'lora-r8'")]
    [InlineData("name: tall-nano, path: models/tall-nano, load: fp32", "name: tall-nano, path: models/llama-nano", "models[1]", "'tall-nano' is the same as 'llama-nano'")]
    public void Validate_WhatIsProbablyNotMeant_IsAdvice(string from, string to, string path, string says)
    {
        var facts = Good with
        {
            Models = [Model("llama-nano") with { Projections = [new("model.layers.0.self_attn.q_proj", 64, 64), new("model.layers.0.self_attn.v_proj", 64, 32)] }],
            Mixes = [new MixFacts { Model = "llama-nano", Data = "alpaca", Kept = 100, Examples = 100, Tokens = 1000 }],
        };
        var yaml = SweepFiles.Example.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(SweepFiles.Example, yaml);
        var remark = Assert.Single(Validate(facts, yaml), r => r.Path == path && r.Message.Contains(says, StringComparison.Ordinal));
        Assert.Equal(SpecSeverity.Advice, remark.Severity);
    }

    [Theory]
    [InlineData("targets: all-linear", null)]
    [InlineData("targets: \".*(q|v)_proj\"", null)]
    [InlineData("targets: \".*gate\"", "'.*gate' matches no projection of llama-nano")]
    public void Validate_TargetsAsAPattern_AreMatchedWithTheBasesProjections(string targets, string? says)
    {
        var facts = Good with { Models = [Model("llama-nano") with { Projections = [new("model.layers.0.self_attn.q_proj", 64, 64), new("model.layers.0.self_attn.v_proj", 64, 64)] }] };
        var remarks = Validate(facts, SweepFiles.Example.Replace("targets: [q_proj, v_proj]", targets, StringComparison.Ordinal)).Where(r => r.Path == "peft[0].targets").ToList();
        if (says is null) Assert.Empty(remarks);
        else Assert.StartsWith(says, Assert.Single(remarks).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_FamilyWithoutDefaultTargets_AsksForThem()
    {
        var facts = Good with { Models = [Model("llama-nano") with { DefaultTargets = new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> { ["lora"] = new Dictionary<string, IReadOnlyList<string>>() } }] };
        Assert.Contains(Validate(facts), r => r is { Path: "peft[1]", Severity: SpecSeverity.Error } && r.Message.Contains("ia3 has no default targets", StringComparison.Ordinal));
    }

    [Fact]
    public void Facts_Json_ComesBackEqual()
    {
        var text = JsonSerializer.Serialize(Good);
        Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize<SpecFacts>(text)));
    }

    [Fact]
    public void Identities_FromFacts_EnterTheKeys()
    {
        var spec = SweepFiles.ExampleSpec;
        var facts = Good with { Models = [Model("llama-nano") with { ContentHash = "w" }], Data = [new DataFacts { Name = "alpaca", Sources = [new SourceFacts { ContentHash = "r" }] }], Suites = [new SuiteFacts { Name = "goat-arithmetic", ContentHash = "s" }] };
        var identities = SpecValidator.Identities(spec, facts);
        Assert.Equal(("w", "r", "s"), (identities.Models["llama-nano"].Content, identities.Sources["alpaca"][0], identities.Suites["goat-arithmetic"]));
    }
}
