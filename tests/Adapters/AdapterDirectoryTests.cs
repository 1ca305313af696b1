using AlpacaCot.Adapters.Loha;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Adapters.Oft;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

public sealed class AdapterDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Decoder _decoder = TinyDecoder.Create();

    [Fact]
    public void Create_FreshLora_StartsAsTheBaseAndFollowsTheSeed()
    {
        using var a = TinyDecoder.Adapter(_decoder, new LoraConfig { R = 4 }, seed: 1);
        using var same = TinyDecoder.Adapter(_decoder, new LoraConfig { R = 4 }, seed: 1);
        using var other = TinyDecoder.Adapter(_decoder, new LoraConfig { R = 4 }, seed: 2);
        var bank = new AdapterBank(_decoder);
        Assert.Equal(TinyDecoder.Logits(_decoder, null, (-1, [1, 2, 3]))[0], TinyDecoder.Logits(_decoder, bank, (bank.Add(a), [1, 2, 3]))[0]);
        Assert.Equal(a.Parameters[0].Value.ToArray<float>(), same.Parameters[0].Value.ToArray<float>());
        Assert.NotEqual(a.Parameters[0].Value.ToArray<float>(), other.Parameters[0].Value.ToArray<float>());
        Assert.All(a.Parameters[0].Value.ToArray<float>(), x => Assert.InRange(Math.Abs(x), 0, 1 / MathF.Sqrt(32)));
        Assert.Equal(2 * (4 * 32 + 32 * 4 + 4 * 32 + 16 * 4), a.TrainableParameters);
    }

    /// <summary>What a method keeps of its values (norms, rotations) follows them when they change.</summary>
    [Theory]
    [InlineData("dora")]
    [InlineData("oft")]
    [InlineData("loha")]
    public void ValuesChanged_AfterTheyWereUsed_ComputesAsOneThatBeganWithThem(string method)
    {
        AdapterConfig config = method switch
        {
            "dora" => new LoraConfig { R = 4, UseDora = true, Init = LoraInit.Random }, "oft" => new OftConfig { BlockSize = 8, InitWeights = false }, _ => new LohaConfig { R = 3, InitWeights = false },
        };
        using var a = TinyDecoder.Adapter(_decoder, config, seed: 1);
        using var b = TinyDecoder.Adapter(_decoder, config, seed: 2);
        var bank = new AdapterBank(_decoder);
        float[] Logits(int member) => TinyDecoder.Logits(_decoder, bank, (member, [1, 2, 3]))[0];
        var (first, second) = (bank.Add(a), bank.Add(b));
        var expected = Logits(second);
        Assert.True(expected.Zip(Logits(first)).Max(pair => Math.Abs(pair.First - pair.Second)) > 1e-2, "two seeds are two adapters");
        using (torch.no_grad())
            foreach (var (mine, theirs) in a.Parameters.Zip(b.Parameters)) mine.Value.copy_(theirs.Value);
        a.ValuesChanged();
        Assert.All(expected.Zip(Logits(first)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Load_HalfPrecisionWeights_TrainableInFp32(ScalarType stored)
    {
        using var adapter = Saved();
        var file = _folder[AdapterDirectory.WeightsFile];
        using (torch.NewDisposeScope()) SafeTensors.Write(file, adapter.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach().to(stored))));
        using var loaded = AdapterDirectory.Load(_decoder, _folder.Path);
        Assert.All(loaded.Parameters, p => Assert.True(p.Value is { dtype: ScalarType.Float32, requires_grad: true }));
        Assert.Equal(adapter.Parameters[0].Value.ToArray<float>()[0], loaded.Parameters[0].Value.ToArray<float>()[0], 1e-2);
    }

    [Fact]
    public void Load_WeightsThatDoNotFit_NamesTheTensor()
    {
        using var adapter = Saved();
        var file = _folder[AdapterDirectory.WeightsFile];
        var all = adapter.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach())).ToList();
        using var scope = torch.NewDisposeScope();

        SafeTensors.Write(file, all.Skip(1));
        Assert.Contains(all[0].Key, Fault(), StringComparison.Ordinal);
        SafeTensors.Write(file, all.Append(new("stray", torch.zeros(1))));
        Assert.Contains("stray", Fault(), StringComparison.Ordinal);
        SafeTensors.Write(file, all.Skip(1).Append(new(all[0].Key, torch.zeros(3, 5))));
        Assert.Contains("[3, 5]", Fault(), StringComparison.Ordinal);
        using (var stream = File.OpenWrite(file)) stream.SetLength(stream.Length / 2);
        Assert.Contains(file, Fault(), StringComparison.Ordinal);
        File.Delete(file);
        Assert.Contains(AdapterDirectory.WeightsFile, Fault(), StringComparison.Ordinal);
        File.Delete(_folder[AdapterDirectory.ConfigFile]);
        Assert.Contains(AdapterDirectory.ConfigFile, Fault(), StringComparison.Ordinal);

        string Fault() => Assert.Throws<AdapterException>(() => AdapterDirectory.Load(_decoder, _folder.Path)).Message;
    }

    [Fact]
    public void Merge_AboveTheTolerance_RefusedAndTheBaseUntouched()
    {
        using var decoder = TinyDecoder.Create(dtype: ScalarType.BFloat16);
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random });
        var before = decoder.Parameters.ToDictionary(p => p.Key, p => p.Value.ToArray<float>());
        Assert.Contains("tolerance", Assert.Throws<AdapterException>(() => Merger.Merge(decoder, adapter, [[1, 2, 3, 4]], 1e-7)).Message, StringComparison.Ordinal);
        Assert.All(decoder.Parameters, p => Assert.Equal(before[p.Key], p.Value.ToArray<float>()));

        var report = Merger.Merge(decoder, adapter, [[1, 2, 3, 4]], 0.1);
        Assert.InRange(report.Relative, 0, 0.1);
        Assert.NotEqual(before["model.layers.0.self_attn.q_proj.weight"], decoder.Parameters["model.layers.0.self_attn.q_proj.weight"].ToArray<float>());
        Assert.Throws<AdapterException>(() => Merger.Merge(decoder, adapter, [], 0.1));
    }

    [Fact]
    public void Save_BaseParameters_Refused()
    {
        using var adapter = new BaseParameters(_decoder);
        Assert.Throws<AdapterException>(() => AdapterDirectory.Save(adapter, _folder.Path));
        using var half = TinyDecoder.Create(dtype: ScalarType.BFloat16);
        Assert.Contains("fp32", Assert.Throws<AdapterException>(() => new BaseParameters(half)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _folder.Dispose();
    }

    private Adapter Saved()
    {
        var adapter = TinyDecoder.Adapter(_decoder, new LoraConfig { Init = LoraInit.Random });
        AdapterDirectory.Save(adapter, _folder.Path);
        return adapter;
    }
}
