using AlpacaCot.Adapters.Combining;
using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;

namespace AlpacaCot.Adapters.Tests;

public sealed class AdapterFolderCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void RequireSaved_FolderThatChangedAfterwards_IsRefused()
    {
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2 });
        AdapterDirectory.Save(adapter, _folder.Path);
        AdapterFolderCheck.RequireSaved(adapter, _folder.Path);
        Assert.Contains(AdapterFolderCheck.Tensors(_folder.Path), tensor => tensor.Norm > 0);

        using (torch.no_grad()) adapter.Parameters[0].Value.add_(1);
        Assert.Contains("reads back otherwise", Assert.Throws<AdapterException>(() => AdapterFolderCheck.RequireSaved(adapter, _folder.Path)).Message, StringComparison.Ordinal);

        using (torch.no_grad())
            foreach (var parameter in adapter.Parameters) parameter.Value.zero_();
        AdapterDirectory.Save(adapter, _folder.Path);
        Assert.Contains("nothing was learnt", Assert.Throws<AdapterException>(() => AdapterFolderCheck.RequireSaved(adapter, _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Differences_OneTensorChanged_ItsKeyAndShare()
    {
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2 });
        AdapterDirectory.Save(adapter, _folder["a"]);
        using (torch.no_grad()) adapter.Parameters[0].Value.mul_(1.5);
        AdapterDirectory.Save(adapter, _folder["b"]);
        var difference = Assert.Single(AdapterFolderCheck.Differences(_folder["a"], _folder["b"]));
        Assert.Equal(adapter.Parameters[0].Key, difference.Key);
        Assert.Equal(0.5, difference.Difference!.Value, 1e-5);
        Assert.Empty(AdapterFolderCheck.Differences(_folder["a"], _folder["a"]));
    }

    [Fact]
    public void Combine_AdaptersThatCannotBeSummed_OneClearErrorEach()
    {
        using var decoder = TinyDecoder.Create();
        using Adapter lora = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2 }), other = TinyDecoder.Adapter(decoder, new LoraConfig { R = 3 }),
            dora = TinyDecoder.Adapter(decoder, new LoraConfig { R = 2, UseDora = true }), ia3 = TinyDecoder.Adapter(decoder, new Ia3Config());
        void Refused(string part, CombineSettings settings, params Adapter[] adapters)
            => Assert.Contains(part, Assert.Throws<AdapterException>(() => AdapterCombiner.Combine(decoder, [.. adapters.Select(adapter => (adapter, 1.0))], settings)).Message, StringComparison.Ordinal);
        Refused("adapter 2 is IA3", new CombineSettings("cat"), lora, ia3);
        Refused("adapter 1 has DoRA's magnitudes", new CombineSettings("cat"), dora);
        Refused("linear needs adapters of one rank", new CombineSettings("linear"), lora, other);
        Refused("'mean' is unknown", new CombineSettings("mean"), lora);
        Refused("density = 0", new CombineSettings("ties", Density: 0), lora);
        Refused("rank = 0", new CombineSettings("svd", 0), lora);
        Refused("at least one", new CombineSettings("cat"));
    }

    public void Dispose() => _folder.Dispose();
}
