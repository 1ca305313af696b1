using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;

namespace AlpacaCot.Adapters.Tests;

public sealed class TargetMatcherTests
{
    private const string Q0 = "model.layers.0.self_attn.q_proj", Q1 = "model.layers.1.self_attn.q_proj";

    [Fact]
    public void Matches_ListOfNames_WholePathOrEndAfterADot()
    {
        Assert.True(TargetMatcher.Matches(Targets("q_proj"), Q0));
        Assert.True(TargetMatcher.Matches(Targets("self_attn.q_proj"), Q0));
        Assert.True(TargetMatcher.Matches(Targets(Q0), Q0));
        Assert.False(TargetMatcher.Matches(Targets("proj"), Q0));
        Assert.False(TargetMatcher.Matches(Targets(Q0), Q1));
    }

    [Fact]
    public void Matches_Pattern_WholePathOnly()
    {
        Assert.True(TargetMatcher.Matches(new LoraConfig { TargetModules = ModuleSelection.Matching(@".*\.(q|v)_proj") }, Q0));
        Assert.False(TargetMatcher.Matches(new LoraConfig { TargetModules = ModuleSelection.Matching("q_proj") }, Q0));
    }

    [Fact]
    public void Matches_Excluded_Never()
        => Assert.False(TargetMatcher.Matches(Targets("q_proj") with { ExcludeModules = ModuleSelection.Of(Q0) }, Q0));

    [Fact]
    public void Matches_Layers_OnlyThoseUnlessAskedForByPath()
    {
        var config = Targets("q_proj") with { LayersToTransform = new OneOrMany<int>([1]) };
        Assert.False(TargetMatcher.Matches(config, Q0));
        Assert.True(TargetMatcher.Matches(config, Q1));
        Assert.True(TargetMatcher.Matches(config with { TargetModules = ModuleSelection.Of(Q0) }, Q0));
        Assert.True(TargetMatcher.Matches(config with { LayerListNames = new OneOrMany<string>(["layers"]) }, Q1));
        Assert.False(TargetMatcher.Matches(config with { LayerListNames = new OneOrMany<string>(["h"]) }, Q1));
    }

    [Fact]
    public void Create_AllLinear_WrittenOutAndShortenedFromTwentyNames()
    {
        using var small = TinyDecoder.Create(layers: 2);
        using var large = TinyDecoder.Create(layers: 3);
        using var few = TinyDecoder.Adapter(small, new LoraConfig { TargetModules = ModuleSelection.Matching("All-Linear") });
        using var many = TinyDecoder.Adapter(large, new LoraConfig { TargetModules = ModuleSelection.Matching("all-linear") });
        Assert.Equal(small.Projections.Select(site => site.Path), ((LoraConfig)few.Config).TargetModules!.Names);
        Assert.Equal(["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"], ((LoraConfig)many.Config).TargetModules!.Names!.Order(StringComparer.Ordinal));
        Assert.Equal(21, many.Targets.Count);
    }

    [Fact]
    public void Create_NoTargets_DefaultOfTheModelType()
    {
        using var decoder = TinyDecoder.Create();
        using var lora = TinyDecoder.Adapter(decoder, new LoraConfig());
        using var ia3 = TinyDecoder.Adapter(decoder, new Ia3Config());
        Assert.Equal(["q_proj", "v_proj"], lora.Targets.Select(site => site.Name).Distinct());
        Assert.Equal(["k_proj", "v_proj", "down_proj"], ia3.Targets.Select(site => site.Name).Distinct());
        Assert.Equal(["down_proj"], ((Ia3Config)ia3.Config).FeedforwardModules!.Names);
    }

    [Fact]
    public void Create_TargetsThatMatchNothing_NamesTheProjections()
    {
        using var decoder = TinyDecoder.Create();
        Assert.Contains("q_proj", Assert.Throws<AdapterException>(() => TinyDecoder.Adapter(decoder, Targets("query_key_value"))).Message, StringComparison.Ordinal);
        Assert.Contains("lm_head", Assert.Throws<AdapterNotSupportedException>(() => TinyDecoder.Adapter(decoder, new Ia3Config { TargetModules = ModuleSelection.Of("q_proj", "lm_head"), FeedforwardModules = ModuleSelection.Of() })).Message, StringComparison.Ordinal);
        Assert.Contains("magnitudes", Assert.Throws<AdapterNotSupportedException>(() => TinyDecoder.Adapter(decoder, Targets("q_proj", "lm_head") with { UseDora = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_ModelTypeWithoutARow_AsksForTargets()
        => Assert.Contains("target_modules", Assert.Throws<AdapterException>(() => TargetDefaults.Lora("unheard_of")).Message, StringComparison.Ordinal);

    private static LoraConfig Targets(params string[] names) => new() { TargetModules = ModuleSelection.Of(names) };
}
