using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Adapter folders as people have them: saved from a wrapped model, made for another base, damaged in a value, with names that match nothing.</summary>
public sealed class AdapterFilesTests : IDisposable
{
    private const string Lora = """{"peft_type": "LORA", "r": 2, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": false}""";
    private const string Ia3 = """{"peft_type": "IA3", "target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"], "init_ia3_weights": false}""";
    private readonly TemporaryFolder _folder = new();
    private readonly Decoder _decoder = TinyDecoder.Create();

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Methods => [Lora, Ia3];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Load_KeysWithTheAdaptersName_AsWithout(string method)
    {
        using var adapter = Saved(method);
        Rename(key => Named(key, "default"));
        using (var loaded = AdapterDirectory.Load(_decoder, _folder.Path))
            Assert.Equal(adapter.Parameters.SelectMany(p => p.Value.ToArray<float>()), loaded.Parameters.SelectMany(p => p.Value.ToArray<float>()));
        Rename(key => key.Replace(".default", ".my-adapter_2", StringComparison.Ordinal));
        AdapterDirectory.Load(_decoder, _folder.Path).Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Load_KeysOfTwoAdaptersOrWithAndWithoutTheName_Refused(string method)
    {
        using var adapter = Saved(method);
        using var scope = torch.NewDisposeScope();
        var plain = adapter.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach())).ToList();
        SafeTensors.Write(_folder[AdapterDirectory.WeightsFile], plain.SelectMany(p => new[] { "one", "two" }.Select(name => KeyValuePair.Create(Named(p.Key, name), p.Value))));
        Assert.Contains("2 adapters (one, two)", Refused(), StringComparison.Ordinal);
        SafeTensors.Write(_folder[AdapterDirectory.WeightsFile], plain.Append(new(Named(plain[0].Key, "default"), plain[0].Value)));
        Assert.Contains("with the adapter's name and without it", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Load_ValuesThatAreNotFinite_NamesTensorAndCount(float value)
    {
        using var adapter = Saved(Lora);
        using var scope = torch.NewDisposeScope();
        using var still = torch.no_grad();
        var spoilt = adapter.Parameters[3];
        spoilt.Value[1, 1] = value;
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            SafeTensors.Write(_folder[AdapterDirectory.WeightsFile], adapter.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach().to(type))));
            Assert.Contains($"{spoilt.Key} holds values that are not finite (NaN or infinity), 1 of {spoilt.Value.numel()}", Refused(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_ConfigurationWithAByteOrderMarkOrAGitLfsPointer_ReadOrCalledWhatItIs()
    {
        using var adapter = Saved(Lora);
        var config = _folder[AdapterDirectory.ConfigFile];
        File.WriteAllText(config, File.ReadAllText(config), System.Text.Encoding.UTF8);
        AdapterDirectory.Load(_decoder, _folder.Path).Dispose();
        foreach (var file in (string[])[AdapterDirectory.WeightsFile, AdapterDirectory.ConfigFile])
        {
            File.WriteAllText(_folder[file], "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 10\n");
            Assert.StartsWith($"{_folder[file]}: is a Git LFS pointer", Refused(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj", "W_pack"]}""", "target_modules: 'W_pack' matches no projection")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "exclude_modules": ["qproj"]}""", "exclude_modules: 'qproj' matches no projection")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "exclude_modules": ".*\\.lm_head"}""", "exclude_modules: '.*\\.lm_head' matches no projection")]
    [InlineData("""{"peft_type": "IA3", "target_modules": ["k_proj", "w2"], "feedforward_modules": ["w2"]}""", "feedforward_modules: 'w2' matches no projection")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "rank_pattern": {"v_proj": 4}}""", "rank_pattern: 'v_proj' matches no projection that the adapter acts on")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "alpha_pattern": {"w": 4}}""", "alpha_pattern: 'w' matches")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "layers_to_transform": [1, 2]}""", "layers_to_transform: 2 is none of the model's 2 blocks")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj", "v_proj"], "r": 17}""", "the rank 17 is above the width 16 of v_proj")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "rank_pattern": {"q_proj": 33}}""", "the rank 33 is above the width 32 of q_proj")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "future_thing": {"mode": "fast"}}""", "future_thing")]
    public void Of_SettingWithoutEffect_NamesIt(string config, string says)
    {
        using var adapter = TinyDecoder.Adapter(_decoder, AdapterConfig.Read(config));
        Assert.Contains(AdapterRemarks.Of(adapter, _decoder, _folder.Path), remark => remark.Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj", "v_proj"], "r": 16}""")]
    [InlineData("""{"peft_type": "LORA", "target_modules": "all-linear", "layers_to_transform": null, "rank_pattern": {}}""")]
    [InlineData("""{"peft_type": "LORA"}""")]
    [InlineData("""{"peft_type": "IA3"}""")]
    public void Of_SettingsThatAllAct_SaysNothing(string config)
    {
        using var adapter = TinyDecoder.Adapter(_decoder, AdapterConfig.Read(config));
        Assert.Empty(AdapterRemarks.Of(adapter, _decoder, _folder.Path));
    }

    [Theory]
    [InlineData("models/nano", true)]
    [InlineData("somebody/nano", true)]
    [InlineData("C:\\models\\Nano\\", true)]
    [InlineData("huggyllama/llama-7b", false)]
    [InlineData("nano-chat", false)]
    [InlineData(null, true)]
    public void Of_BaseByName_RemarkedWhereItIsAnother(string? named, bool same)
        => Assert.Equal(same ? 0 : 1, Remarks(named, _folder["nano"]).Count(remark => remark.Contains("made for the base", StringComparison.Ordinal)));

    [Fact]
    public void Of_BaseInTheHubsCache_IsKnownByItsId()
        => Assert.Empty(Remarks("owner/model", _folder["models--owner--model/snapshots/0123abcd"]));

    [Fact]
    public void Of_BothFoldersThere_TheirFilesDecide()
    {
        ModelDirectory.Save(_decoder, _folder["a/model"]);
        ModelDirectory.Save(_decoder, _folder["copy"]);
        using (var other = TinyDecoder.Create(layers: 1)) ModelDirectory.Save(other, _folder["b/model"]);
        Assert.Empty(Remarks(_folder["a/model"], _folder["a/model"]));
        Assert.Empty(Remarks(_folder["a/model"], _folder["copy"]));
        // One name, two models: the last part alone would not tell.
        Assert.Single(Remarks(_folder["a/model"], _folder["b/model"]));
    }

    private IReadOnlyList<string> Remarks(string? named, string place)
    {
        using var adapter = TinyDecoder.Adapter(_decoder, new LoraConfig { BaseModel = named });
        return AdapterRemarks.Of(adapter, _decoder, place);
    }

    private Adapter Saved(string method)
    {
        var adapter = TinyDecoder.Adapter(_decoder, AdapterConfig.Read(method));
        AdapterDirectory.Save(adapter, _folder.Path);
        return adapter;
    }

    private void Rename(Func<string, string> rename)
    {
        var tensors = SafeTensors.Read(_folder[AdapterDirectory.WeightsFile]);
        SafeTensors.Write(_folder[AdapterDirectory.WeightsFile], tensors.Select(p => KeyValuePair.Create(rename(p.Key), p.Value)));
        foreach (var tensor in tensors.Values) tensor.Dispose();
    }

    private static string Named(string key, string name)
        => key.EndsWith(".weight", StringComparison.Ordinal) ? $"{key[..^".weight".Length]}.{name}.weight" : $"{key}.{name}";

    private string Refused()
    {
        var error = Assert.ThrowsAny<AdapterException>(() => AdapterDirectory.Load(_decoder, _folder.Path)).Message;
        Assert.DoesNotContain('\n', error);
        return error;
    }
}
