namespace AlpacaCot.Adapters.Tests;

/// <summary>Adapters that no weight of the base can hold.</summary>
public sealed class MergeObstacleTests
{
    [Theory]
    [InlineData("""{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3}""", "virtual tokens")]
    [InlineData("""{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3}""", "virtual tokens")]
    [InlineData("""{"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 4}""", "virtual tokens")]
    [InlineData("""{"peft_type": "BOTTLENECK", "bottleneck_size": 4}""", "a function inside")]
    public void Merge_MethodBesideTheWeights_RefusedInOneLine(string json, string says)
    {
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, AdapterConfig.Read(json));
        var message = Assert.Throws<AdapterException>(() => Merger.Merge(decoder, adapter, [[3, 4, 5]], 1e-4)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("""{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3, "num_layers": 5}""", "num_layers 5, and this one has 2")]
    [InlineData("""{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3, "token_dim": 7}""", "token_dim 7, and this one has 32")]
    [InlineData("""{"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 5000}""", "leaves no room in the model's context of 2048")]
    [InlineData("""{"peft_type": "BOTTLENECK", "target_modules": ["q_proj"]}""", "q_proj is none of them")]
    [InlineData("""{"peft_type": "ADALORA", "init_r": 4}""", "total_step is missing")]
    [InlineData("""{"peft_type": "ADALORA", "total_step": 10, "rank_pattern": {"model.layers.0.self_attn.q_proj.lora_E": [true]}}""", "rank_pattern lacks")]
    public void Create_ConfigurationOfAnotherModel_OneLineThatNamesIt(string json, string says)
    {
        using var decoder = TinyDecoder.Create();
        var message = Assert.Throws<AdapterException>(() => TinyDecoder.Adapter(decoder, AdapterConfig.Read(json))).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
    }
}
