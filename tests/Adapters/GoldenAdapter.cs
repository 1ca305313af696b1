using System.Text.Json;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>A golden adapter case with its base and the adapter in a bank; skips what the registries do not know.</summary>
internal sealed class GoldenAdapter : IDisposable
{
    private GoldenAdapter(GoldenCase golden, Decoder decoder, Adapter adapter)
    {
        (Golden, Decoder, Adapter, Expected) = (golden, decoder, adapter, new GoldenTensors(golden));
        Bank = new AdapterBank(decoder);
        Member = Bank.Add(adapter);
    }

    public GoldenCase Golden { get; }

    public Decoder Decoder { get; }

    public Adapter Adapter { get; }

    public AdapterBank Bank { get; }

    public int Member { get; }

    public GoldenTensors Expected { get; }

    public static GoldenAdapter Open(string folder, Func<WeightStorage, WeightStorage>? held = null)
    {
        var golden = AlpacaCot.Tests.Golden.Open(folder);
        PinnedCases.Adapters.SkipUnless(File.Exists(golden.File(AdapterDirectory.ConfigFile)), folder, "the case has no adapter_config.json");
        var basePath = BasePath(golden.Json.GetProperty("base").GetString()!);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(basePath, "config.json")));
        var type = config.RootElement.GetProperty("model_type").GetString()!;
        PinnedCases.Adapters.SkipUnless(ModelDirectory.ModelTypes.Contains(type), folder, $"model_type {type} is not supported yet");
        Decoder? decoder = null;
        try
        {
            AdapterDirectory.ReadConfig(golden.Path);
            decoder = ModelDirectory.Load(basePath, new LoadOptions(ScalarType.Float32, Storage: (held ?? (storage => storage))(GoldenStorage.Of(golden.Json))));
            return new GoldenAdapter(golden, decoder, AdapterDirectory.Load(decoder, golden.Path));
        }
        catch (AdapterNotSupportedException e)
        {
            decoder?.Dispose();
            PinnedCases.Adapters.SkipUnless(false, folder, e.Message);
            throw;
        }
    }

    /// <summary>Logits <c>[tokens, vocabulary]</c> of the case's sequence under the adapter.</summary>
    public Tensor Logits(Tensor ids)
    {
        var layout = SegmentLayout.Single((int)ids.size(0), Member);
        return Decoder.Logits(Decoder.Hidden(ids, layout, Bank), layout, Bank);
    }

    public void Dispose()
    {
        Expected.Dispose();
        Adapter.Dispose();
        Decoder.Dispose();
    }

    public static string BasePath(string name)
    {
        var path = Path.Combine(AlpacaCot.Tests.Golden.Root!, name);
        return Directory.Exists(path) ? path : Path.Combine(AlpacaCot.Tests.Golden.Root!, "models", name);
    }
}
