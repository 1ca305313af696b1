using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Tests.Worker;

/// <summary>What a sweep is told of an adapter's size beforehand is what is trained then; and an adapter of another base is told from its header.</summary>
public sealed class AdapterSizesTests : IDisposable
{
    private const string Bloom = """{"model_type": "bloom", "hidden_size": 32, "n_head": 4, "n_layer": 2, "vocab_size": $VOCABULARY, "layer_norm_epsilon": 1e-5}""";

    private TinyPack? _pack;

    public void Dispose() => _pack?.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(Bloom)]
    public void Of_EveryMethod_CountsWhatIsTrained(string? config)
    {
        _pack = new TinyPack(config);
        var facts = ModelInspection.Of(new ModelSpec { Name = "tiny", Path = "tiny" }, _pack.Folders).Facts;
        Assert.Null(facts.Error);
        foreach (var name in MethodCatalogue.All.Select(method => method.Name))
            foreach (var options in (string[])[Required(name), .. Variants(name)])
            {
                var method = Spec(name, options);
                using var decoder = ModelDirectory.Load(_pack["models/tiny"], new LoadOptions(ScalarType.Float32));
                using var adapter = Adapter(decoder, method);
                Assert.True(adapter.TrainableParameters == AdapterSize.Of(method, facts), $"{name} {options}: {adapter.TrainableParameters} are trained, {AdapterSize.Of(method, facts)} are told");
            }
    }

    [Theory]
    [InlineData("lora", "{}", "16 wide")]
    [InlineData("lora", """{"layers_to_transform": [1], "target_modules": ["q_proj"]}""", "acts on block 1, and the model has 1")]
    [InlineData("adalora", """{"total_step": 5}""", "16 wide")]
    [InlineData("loha", "{}", "16 wide")]
    [InlineData("ia3", "{}", "16 wide")]
    [InlineData("oft", """{"oft_block_size": 8, "modules_to_save": ["lm_head"]}""", "and the model's vocabulary has 7")]
    [InlineData("prompt", """{"num_virtual_tokens": 3}""", "rows of 32, and the model takes 16")]
    [InlineData("prefix", """{"num_virtual_tokens": 3}""", "rows of 64, and the model takes 32")]
    public void Require_AdapterOfAnotherBase_OneLineThatNamesTheTensor(string name, string options, string says)
    {
        _pack = new TinyPack();
        using var decoder = ModelDirectory.Load(_pack["models/tiny"]);
        using (var adapter = Adapter(decoder, Spec(name, options), "owner/other")) AdapterDirectory.Save(adapter, _pack["a"]);
        AdapterFit.Require(decoder.Config, _pack["a"]);
        var message = Assert.Throws<AdapterException>(() => AdapterFit.Require(decoder.Config with { HiddenSize = 16, Heads = 2, KeyValueHeads = 2, Layers = 1, IntermediateSize = 24, VocabularySize = 7 }, _pack["a"])).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Contains("was made for another base (owner/other)", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private static Adapter Adapter(Decoder decoder, MethodSpec method, string? baseModel = null)
    {
        using var generator = new Generator(1);
        return AdapterFactory.Create(decoder, AdapterConfig.Read(MethodCatalogue.AdapterConfig(method).ToJsonString()) with { BaseModel = baseModel }, generator);
    }

    private static MethodSpec Spec(string name, string options) => new() { Name = name, Method = name, Options = TinyPack.Json(options).EnumerateObject().ToDictionary(o => o.Name, o => o.Value) };

    private static string Required(string method) => method switch
    {
        "adalora" => """{"total_step": 10}""",
        "oft" => """{"oft_block_size": 8}""",
        "freeze" => """{"freeze_trainable_layers": 1}""",
        _ => "{}",
    };

    private static string[] Variants(string method) => method switch
    {
        "lora" => ["""{"target_modules": "all-linear", "modules_to_save": ["lm_head"]}""", """{"r": 3, "target_modules": ".*(embed_tokens|word_embeddings|mlp.*)", "bias": "lora_only"}""", """{"bias": "all", "modules_to_save": ["mlp", "norm"]}"""],
        "dora" => ["""{"bias": "lora_only"}"""],
        "freeze" => ["""{"freeze_trainable_layers": -2, "freeze_trainable_modules": ["mlp"]}"""],
        "vera" => ["""{"bias": "vera_only"}""", """{"bias": "all", "modules_to_save": ["lm_head"]}"""],
        "adalora" => ["""{"total_step": 10, "bias": "all"}""", """{"total_step": 10, "bias": "lora_only", "modules_to_save": ["norm"]}"""],
        "oft" => ["""{"oft_block_size": 8, "bias": "oft_only", "modules_to_save": ["mlp"]}"""],
        "full" => [],
        _ => ["""{"modules_to_save": ["lm_head"]}"""],
    };
}
