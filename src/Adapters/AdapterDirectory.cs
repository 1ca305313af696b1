using AlpacaCot.Files;
using AlpacaCot.Models;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Adapters;

/// <summary>Adapter folders in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static class AdapterDirectory
{
    /// <summary>Name of the configuration.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>Name of the weights.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    // What PEFT wrote before safetensors: read where the other is absent, never written.
    private const string OldWeightsFile = "adapter_model.bin";

    /// <summary>Reads the configuration alone.</summary>
    /// <exception cref="AdapterException">The folder is no adapter, or its method is not supported.</exception>
    public static AdapterConfig ReadConfig(string folder)
    {
        var file = Path.Combine(folder, ConfigFile);
        if (!File.Exists(file)) throw new AdapterException($"{folder}: no {ConfigFile}; is this a PEFT adapter folder?");
        return AdapterConfig.Read(File.ReadAllText(file), file);
    }

    /// <summary>Loads an adapter for a model; its weights (fp32, fp16 or bf16) become trainable fp32.</summary>
    /// <exception cref="AdapterException">A file is missing or wrong, or the weights do not fit the configuration and the model.</exception>
    public static Adapter Load(Decoder decoder, string folder)
    {
        var config = ReadConfig(folder);
        var file = new[] { WeightsFile, OldWeightsFile }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new AdapterException($"{folder}: no {WeightsFile}");
        var adapter = AdapterMethods.Find(config.PeftType, folder).Create(decoder, config, null);
        try
        {
            Fill(adapter, file);
            return adapter;
        }
        catch (ModelException e)
        {
            adapter.Dispose();
            throw new AdapterException(e.Message, e);
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    /// <summary>Writes an adapter as PEFT does, weights in fp32; both files appear whole or not at all, the configuration last.</summary>
    /// <exception cref="AdapterException">The folder cannot be written.</exception>
    public static void Save(Adapter adapter, string folder)
    {
        if (adapter is FullParameters) throw new AdapterException("full fine-tuning has no adapter folder; save the model itself");
        try
        {
            Directory.CreateDirectory(folder);
            SafeTensors.Write(Path.Combine(folder, WeightsFile), adapter.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach())));
            AtomicFile.WriteAllText(Path.Combine(folder, ConfigFile), adapter.Config.ToJson());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelException)
        {
            throw new AdapterException($"{folder}: cannot be written ({e.Message})", e);
        }
    }

    private static void Fill(Adapter adapter, string file)
    {
        using var stored = Path.GetFileName(file) == OldWeightsFile ? TorchFile.Open(file) : SafeTensors.Open(file);
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var byKey = stored.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (var parameter in adapter.Parameters)
        {
            if (!byKey.Remove(parameter.Key, out var tensor))
                throw new AdapterException($"{file}: no tensor {parameter.Key}; does the adapter belong to this model?");
            if (!tensor.Shape.SequenceEqual(parameter.Value.shape))
                throw new AdapterException($"{file}: {parameter.Key} is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", parameter.Value.shape)}]");
            using var copy = tensor.Copy();
            parameter.Value.copy_(copy);
        }
        if (byKey.Count > 0)
            throw new AdapterException($"{file}: {byKey.Count} tensors that the configuration does not ask for, {byKey.Keys.Order(StringComparer.Ordinal).First()} for one");
    }
}
