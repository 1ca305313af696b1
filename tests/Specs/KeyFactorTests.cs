using AlpacaCot.Specs;
using AlpacaCot.Specs.Facts;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Specs.Validation;

namespace AlpacaCot.Tests.Specs;

/// <summary>Every factor that decides a number stands in the key that its results are found under, and what decides none does not.</summary>
public sealed class KeyFactorTests
{
    private static readonly SpecIdentities _known = new()
    {
        Code = "build-1",
        Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("weights", "tokens", "q_proj") },
        Sources = new Dictionary<string, IReadOnlyList<string?>> { ["alpaca"] = ["rows"] },
        Templates = new Dictionary<string, string> { ["alpaca"] = "text" },
        Suites = new Dictionary<string, string> { ["goat-arithmetic"] = "items" },
    };

    private static ModelIdentity Model(string? content, string? tokenizer, string target) => new(content, tokenizer,
        new Dictionary<string, IReadOnlyDictionary<string, IReadOnlyList<string>>> { ["lora"] = new Dictionary<string, IReadOnlyList<string>> { ["target_modules"] = [target] } });

    [Fact]
    public void Training_AnyContentThatChanges_ChangesTheKey()
    {
        string[] keys =
        [
            Training(_known),
            Training(_known with { Code = "build-2" }),
            Training(_known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("other", "tokens", "q_proj") } }),
            Training(_known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("weights", "other", "q_proj") } }),
            Training(_known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("weights", "tokens", "v_proj") } }),
            Training(_known with { Sources = new Dictionary<string, IReadOnlyList<string?>> { ["alpaca"] = ["other"] } }),
            Training(_known with { Templates = new Dictionary<string, string> { ["alpaca"] = "other" } }),
            Training(_known, seed: 1),
            Training(_known, rate: 2e-4),
            Training(_known, "cutoff_len: 512", "cutoff_len: 256"),
            Training(_known, "epochs: 3", "epochs: 2"),
            Training(_known, "precision: bf16", "precision: fp32"),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    /// <summary>The template that a model brings is part of what is trained, prepared and asked, though the sweep names it by one word.</summary>
    [Fact]
    public void Keys_ModelsOwnChatTemplate_ChangesThem()
    {
        var spec = Of(_known).Spec;
        spec = spec with { Template = TemplateNames.Chat, Data = [.. spec.Data.Select(data => data with { Template = null })] };
        IReadOnlyList<string?> Keys(string? template)
        {
            var model = Model("weights", "tokens", "q_proj") with { ChatTemplate = template };
            var keys = new TrialKeys(spec, _known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = model }, Templates = new Dictionary<string, string> { ["alpaca"] = TemplateNames.Chat } });
            return [keys.Training(spec.Models[0], spec.Peft[0], spec.Data[0], 0, 1e-4), keys.Dataset(spec.Models[0], spec.Data[0]), keys.Untuned(spec.Models[0], spec.Data[0], spec.Cot[0], null)];
        }
        Assert.Equal(Keys("one"), Keys("one"));
        Assert.All(Keys("one").Zip(Keys("other")), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    /// <summary>What a prepared mix follows from is in its key, and nothing else: sweeps that name it otherwise, or train it otherwise, find the same.</summary>
    [Fact]
    public void Dataset_AnyContentThatChanges_ChangesTheKey_NamesAndTrainingDoNot()
    {
        string?[] keys =
        [
            Dataset(_known),
            Dataset(_known with { Code = "build-2" }),
            Dataset(_known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("weights", "other", "q_proj") } }),
            Dataset(_known with { Sources = new Dictionary<string, IReadOnlyList<string?>> { ["alpaca"] = ["other"] } }),
            Dataset(_known with { Templates = new Dictionary<string, string> { ["alpaca"] = "other" } }),
            Dataset(_known, "cutoff_len: 512", "cutoff_len: 256"),
            Dataset(_known, "cutoff_len: 512", "cutoff_len: 512, train_on_prompt: true"),
        ];
        Assert.All(keys, key => Assert.NotNull(key));
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(keys[0], Dataset(_known with { Models = new Dictionary<string, ModelIdentity> { ["llama-nano"] = Model("other", "tokens", "v_proj") } }));
        Assert.Equal(keys[0], Dataset(_known, "epochs: 3", "epochs: 2"));
        Assert.Equal(keys[0], Dataset(_known, "limit: 200", "limit: 100"));
        // Content that is not known could be anything.
        Assert.Null(Dataset(_known with { Code = null }));
        Assert.Null(Dataset(_known with { Models = new Dictionary<string, ModelIdentity>() }));
        Assert.Null(Dataset(_known with { Sources = new Dictionary<string, IReadOnlyList<string?>> { ["alpaca"] = [null] } }));
        Assert.Null(Dataset(_known with { Templates = new Dictionary<string, string>() }));
    }

    [Theory]
    [InlineData("cutoff_len: 512", "cutoff_len: 512, micro_batch_tokens: 64")]
    [InlineData("cutoff_len: 512", "cutoff_len: 512, gradient_accumulation: 2")]
    [InlineData("cutoff_len: 512", "cutoff_len: 512, checkpoint_steps: 5")]
    [InlineData("max_new_tokens: 128", "max_new_tokens: 64")]
    [InlineData("limit: 200", "limit: 100")]
    public void Training_SettingsThatChangeNoWeight_LeaveTheKey(string from, string to) => Assert.Equal(Training(_known), Training(_known, from, to));

    [Fact]
    public void TrialAndResult_CueDecodingAndSuite_ChangeTheirKeysAlone()
    {
        var (spec, keys) = Of(_known);
        Assert.NotEqual(keys.Trial("t", spec.Cot[0]), keys.Trial("t", spec.Cot[1]));
        Assert.NotEqual(keys.Trial("t", spec.Cot[0]), keys.Trial("u", spec.Cot[0]));
        var (other, shorter) = Of(_known, "max_new_tokens: 128", "max_new_tokens: 64");
        Assert.NotEqual(keys.Trial("t", spec.Cot[0]), shorter.Trial("t", other.Cot[0]));
        var result = keys.Result("k", spec.Evaluation[0]);
        Assert.NotEqual(result, Of(_known).Keys.Result("k", spec.Evaluation[0] with { Limit = 100 }));
        Assert.NotEqual(result, Of(_known with { Suites = new Dictionary<string, string> { ["goat-arithmetic"] = "other" } }).Keys.Result("k", spec.Evaluation[0]));
        Assert.NotEqual(result, keys.Result("other", spec.Evaluation[0]));
    }

    [Fact]
    public void Hash_OrderOfKeysAndWayOfWritingNumbers_IsTheSame()
    {
        Assert.Equal(CanonicalJson.Hash(System.Text.Json.Nodes.JsonNode.Parse("""{"a": 1, "b": [2.0, 1e3]}""")), CanonicalJson.Hash(System.Text.Json.Nodes.JsonNode.Parse("""{"b": [2, 1000], "a": 1.0}""")));
        Assert.NotEqual(CanonicalJson.Hash(System.Text.Json.Nodes.JsonNode.Parse("[1, 2]")), CanonicalJson.Hash(System.Text.Json.Nodes.JsonNode.Parse("[2, 1]")));
    }

    [Fact]
    public void Identities_EveryHashOfTheFacts_Arrives()
    {
        var identities = SpecValidator.Identities(SweepFiles.ExampleSpec, new SpecFacts
        {
            Code = "build-1",
            Models = [new ModelFacts { Name = "llama-nano", ContentHash = "weights", TokenizerHash = "tokens" }],
            Data = [new DataFacts { Name = "alpaca", TemplateHash = "text", Sources = [new SourceFacts { ContentHash = "rows" }] }],
            Suites = [new SuiteFacts { Name = "goat-arithmetic", ContentHash = "items" }],
        });
        Assert.Equal(("build-1", "weights", "tokens"), (identities.Code, identities.Models["llama-nano"].Content, identities.Models["llama-nano"].Tokenizer));
        Assert.Equal(("rows", "text", "items"), (identities.Sources["alpaca"][0], identities.Templates["alpaca"], identities.Suites["goat-arithmetic"]));
    }

    private static string Training(SpecIdentities known, string from = "name: cot-study", string to = "name: cot-study", int seed = 0, double rate = 3e-4)
    {
        var (spec, keys) = Of(known, from, to);
        return keys.Training(spec.Models[0], spec.Peft[0] with { Options = new SortedDictionary<string, System.Text.Json.JsonElement>() }, spec.Data[0], seed, rate);
    }

    private static string? Dataset(SpecIdentities known, string from = "name: cot-study", string to = "name: cot-study")
    {
        var (spec, keys) = Of(known, from, to);
        return keys.Dataset(spec.Models[0], spec.Data[0]);
    }

    private static (SweepSpec Spec, TrialKeys Keys) Of(SpecIdentities known, string from = "name: cot-study", string to = "name: cot-study")
    {
        Assert.Contains(from, SweepFiles.Example, StringComparison.Ordinal);
        var spec = SweepDocument.ParseValid(SweepFiles.Example.Replace(from, to, StringComparison.Ordinal));
        return (spec, new TrialKeys(spec, known));
    }
}
