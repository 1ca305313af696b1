using System.Text.Json;
using AlpacaCot.Adapters;
using AlpacaCot.Adapters.PromptLearning;
using AlpacaCot.Adapters.PromptTuning;
using AlpacaCot.Data;
using AlpacaCot.Models;

namespace AlpacaCot.Training.Tests;

/// <summary>Opens the bases and adapters of golden cases; skips what the registries do not know.</summary>
internal static class GoldenTraining
{
    public static Decoder Base(GoldenCase golden, GoldenPins pins)
    {
        var name = golden.Json.GetProperty("base").GetString()!;
        var path = Path.Combine(Golden.Root!, name);
        if (!Directory.Exists(path)) path = Path.Combine(Golden.Root!, "models", name);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "config.json")));
        var type = config.RootElement.GetProperty("model_type").GetString()!;
        pins.SkipUnless(ModelDirectory.ModelTypes.Contains(type), golden.Folder, $"model_type {type} is not supported yet");
        return ModelDirectory.Load(path, new LoadOptions(ScalarType.Float32, TestDevice.Chosen, GoldenStorage.Of(golden.Json)));
    }

    public static Adapter Adapter(Decoder decoder, string folder, GoldenCase golden, GoldenPins pins, Func<AdapterConfig, AdapterConfig>? adjust = null)
    {
        pins.SkipUnless(File.Exists(Path.Combine(folder, AdapterDirectory.ConfigFile)), golden.Folder, "the case has no adapter_config.json");
        try
        {
            return AdapterDirectory.Load(decoder, folder, adjust);
        }
        catch (AdapterNotSupportedException e)
        {
            decoder.Dispose();
            pins.SkipUnless(false, golden.Folder, e.Message);
            throw;
        }
    }

    /// <summary>Of methods that save what an encoder made: the adapter with the encoder that the case holds, which its steps train. Null for others.</summary>
    public static Adapter? Encoder(Decoder decoder, Adapter loaded, GoldenTensors expected)
    {
        if (loaded is not PromptAdapter) return null;
        using var generator = new Generator(1);
        var begun = AdapterFactory.Create(decoder, loaded.Config is PromptTuningConfig prompt ? prompt with { Init = PromptInit.Random } : loaded.Config, generator);
        using var still = torch.no_grad();
        foreach (var parameter in begun.Parameters) parameter.Value.copy_(expected["init." + parameter.Key]);
        return begun;
    }

    public static List<Example> Rows(string file) => [.. File.ReadLines(file).Select(line =>
    {
        using var row = JsonDocument.Parse(line);
        int[] Numbers(string name) => [.. row.RootElement.GetProperty(name).EnumerateArray().Select(x => x.GetInt32())];
        return new Example(Numbers("ids"), Numbers("labels"));
    })];
}
