using System.Text.Json;
using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Adapters.PromptTuning;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

/// <summary>A golden adapter case with its base and the adapter in a bank; skips what the registries do not know.</summary>
internal sealed class GoldenAdapter : IDisposable
{
    private GoldenAdapter(GoldenCase golden, Decoder decoder, Adapter adapter)
    {
        (Golden, Decoder, Adapter, Expected) = (golden, decoder, adapter, new GoldenTensors(golden));
        Trained = TrainedOf(this);
        Bank = new AdapterBank(decoder);
        Member = Bank.Add(adapter);
    }

    public GoldenCase Golden { get; }

    public Decoder Decoder { get; }

    public Adapter Adapter { get; }

    /// <summary>
    /// The adapter as it is trained: the one that was loaded, unless its method saves what an encoder made and not the encoder, which the case then holds.
    /// </summary>
    public Adapter Trained { get; }

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
            decoder = ModelDirectory.Load(basePath, new LoadOptions(ScalarType.Float32, TestDevice.Chosen, (held ?? (storage => storage))(GoldenStorage.Of(golden.Json))));
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
    public Tensor Logits(Tensor ids, Adapter? adapter = null)
    {
        var member = adapter is null || ReferenceEquals(adapter, Adapter) ? Member : Bank.Add(adapter);
        var layout = SegmentLayout.Single((int)ids.size(0), member);
        var logits = Decoder.Logits(Decoder.Hidden(ids, layout, Bank), layout, Bank);
        if (member != Member) Bank.Remove(member);
        return logits;
    }

    /// <summary>The adapter that a case's training begins with.</summary>
    public static Adapter Fresh(Decoder decoder, Adapter loaded, GoldenTensors expected)
    {
        using var generator = new Generator(1);
        var fresh = AdapterFactory.Create(decoder, loaded.Config is PromptTuningConfig prompt ? prompt with { Init = PromptInit.Random } : loaded.Config, generator);
        using var still = torch.no_grad();
        foreach (var parameter in fresh.Parameters) parameter.Value.copy_(expected["init." + parameter.Key]);
        return fresh;
    }

    private static Adapter TrainedOf(GoldenAdapter opened) => opened.Adapter is PromptAdapter ? Fresh(opened.Decoder, opened.Adapter, opened.Expected) : opened.Adapter;

    public void Dispose()
    {
        Expected.Dispose();
        if (!ReferenceEquals(Trained, Adapter)) Trained.Dispose();
        Adapter.Dispose();
        Decoder.Dispose();
    }

    public static string BasePath(string name)
    {
        var path = Path.Combine(AlpacaCot.Tests.Golden.Root!, name);
        return Directory.Exists(path) ? path : Path.Combine(AlpacaCot.Tests.Golden.Root!, "models", name);
    }
}
