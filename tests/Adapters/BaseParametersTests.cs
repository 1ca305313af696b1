using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Methods that train weights of the base itself.</summary>
public sealed class BaseParametersTests : IDisposable
{
    private readonly Decoder _decoder = TinyDecoder.Create(layers: 3);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("""{"peft_type": "FULL"}""", "embed_tokens norm lm_head layers.0 layers.1 layers.2", "")]
    [InlineData("""{"peft_type": "FREEZE"}""", "layers.1 layers.2", "")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": 1}""", "layers.2", "")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": -1}""", "layers.0", "")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": 1, "freeze_trainable_modules": ["mlp"]}""", "layers.2", "layers.2.mlp")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": 1, "freeze_trainable_modules": "all", "freeze_extra_modules": ["norm", "lm_head"]}""", "layers.2 norm lm_head", "")]
    public void Create_Configuration_TrainsThoseWeightsAndNoOthers(string json, string modules, string within)
    {
        using var adapter = TinyDecoder.Adapter(_decoder, AdapterConfig.Read(json));
        Assert.True(adapter.TrainsBase);
        var expected = _decoder.Parameters.Keys.Where(name => modules.Split(' ').Any(module => name.StartsWith($"model.{module}.", StringComparison.Ordinal) || name.StartsWith($"{module}.", StringComparison.Ordinal)) && name.Contains(within, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, adapter.Parameters.Select(p => p.Key));
        Assert.Equal(expected, _decoder.Parameters.Where(p => p.Value.requires_grad).Select(p => p.Key));
        adapter.Dispose();
        Assert.DoesNotContain(_decoder.Parameters.Values, p => p.requires_grad);
    }

    [Theory]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": 0}""", "0 blocks leave nothing to train")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_layers": -4}""", "4 blocks are more than the 3 that the model has")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_trainable_modules": ["attention"]}""", "the blocks have no module 'attention'; theirs are input_layernorm, self_attn, post_attention_layernorm, mlp")]
    [InlineData("""{"peft_type": "FREEZE", "freeze_extra_modules": ["self_attn"]}""", "there is no module 'self_attn' outside the blocks; there are embed_tokens, norm, lm_head")]
    public void Create_ChoiceThatMeansNothing_OneLineThatNamesWhatThereIs(string json, string says)
        => Assert.Contains(says, Assert.Throws<AdapterException>(() => TinyDecoder.Adapter(_decoder, AdapterConfig.Read(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void Save_TrainedBase_IsAModelAndNoAdapter()
    {
        using var adapter = (BaseParameters)TinyDecoder.Adapter(_decoder, AdapterConfig.Read("""{"peft_type": "FREEZE", "freeze_trainable_layers": 1}"""));
        using (torch.no_grad()) adapter.Parameters[0].Value.add_(1);
        adapter.Save(_folder.Path);
        using var again = ModelDirectory.Load(_folder.Path, new LoadOptions(Device: TestDevice.Chosen));
        Assert.All(_decoder.Parameters, p => Assert.Equal(p.Value.detach().ToArray<float>(), again.Parameters[p.Key].ToArray<float>()));
        Assert.True(AdapterDirectory.IsWholeModel(_folder.Path));
        Assert.Contains("is a whole model and no adapter", Assert.Throws<AdapterException>(() => AdapterDirectory.Load(_decoder, _folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>A folder can say anything: one that claims to be a method without a folder must not make the base trainable.</summary>
    [Theory]
    [InlineData("FULL")]
    [InlineData("FREEZE")]
    public void Load_FolderThatClaimsToTrainTheBase_Refused(string type)
    {
        File.WriteAllText(_folder["adapter_config.json"], $$"""{"peft_type": "{{type}}"}""");
        SafeTensors.Write(_folder["adapter_model.safetensors"], new Dictionary<string, Tensor>());
        Assert.Contains("it trains the base", Assert.Throws<AdapterException>(() => AdapterDirectory.Load(_decoder, _folder.Path)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_decoder.Parameters.Values, p => p.requires_grad);
    }
}
