using System.Text.RegularExpressions;
using AlpacaCot.Files;
using AlpacaCot.Kernels;
using AlpacaCot.Models;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Adapters;

/// <summary>Adapter folders in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static partial class AdapterDirectory
{
    /// <summary>Name of the configuration.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>Name of the weights.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    /// <summary>Values that any configuration may ask for (64 MiB): an adapter that does not fit is then refused by the tensor that it lacks.</summary>
    private const long FewValues = 1 << 24;

    // What PEFT wrote before safetensors: read where the other is absent, written where a method's own library reads nothing else.
    private const string OldWeightsFile = "adapter_model.bin";

    /// <summary>Name of the weights that an adapter of a configuration is saved with.</summary>
    public static string WeightsFileOf(AdapterConfig config) => config.WritesTorchFile ? OldWeightsFile : WeightsFile;

    /// <summary>Whether a folder that a training left holds a whole model, and no adapter beside a base.</summary>
    public static bool IsWholeModel(string folder) => File.Exists(Path.Combine(folder, "config.json")) && !File.Exists(Path.Combine(folder, ConfigFile));

    /// <summary>Reads the configuration alone.</summary>
    /// <exception cref="AdapterException">The folder is no adapter, or its method is not supported.</exception>
    public static AdapterConfig ReadConfig(string folder)
    {
        var file = Path.Combine(folder, ConfigFile);
        if (!File.Exists(file) && IsWholeModel(folder)) throw new AdapterException($"{folder} is a whole model and no adapter: give it as the model, without an adapter");
        if (!File.Exists(file)) throw new AdapterException($"{folder}: no {ConfigFile}; is this a PEFT adapter folder?");
        try
        {
            return AdapterConfig.Read(FileText.Read(file), file);
        }
        catch (InvalidDataException e)
        {
            throw new AdapterException(e.Message, e);
        }
    }

    /// <summary>Loads an adapter for a model; its weights (fp32, fp16 or bf16) become trainable fp32.</summary>
    /// <param name="decoder">The base model.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="adjust">Adds settings of a further training that no file holds (LoRA+'s rates).</param>
    /// <exception cref="AdapterException">A file is missing or wrong, or the weights do not fit the configuration and the model.</exception>
    public static Adapter Load(Decoder decoder, string folder, Func<AdapterConfig, AdapterConfig>? adjust = null)
    {
        var config = ReadConfig(folder);
        config = adjust?.Invoke(config) ?? config;
        if (AdapterMethods.Of(config).Definition.TrainsBase) throw new AdapterException($"{folder}: {config.PeftType} has no adapter, as it trains the base: ask the model that it saved");
        var file = WeightsOf(folder);
        Adapter? adapter = null;
        try
        {
            AdapterFit.Require(decoder.Config, folder);
            using var stored = OpenWeights(folder);
            using (AdapterInit.AtMost(Math.Max(FewValues, stored.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size))), file))
                adapter = AdapterMethods.Create(decoder, config, new AdapterStart(null));
            Fill(adapter, stored, file);
            return adapter;
        }
        catch (Exception e)
        {
            adapter?.Dispose();
            if (e is ModelException) throw new AdapterException(e.Message, e);
            throw;
        }
    }

    /// <summary>Opens the file of a folder's weights.</summary>
    internal static TensorFile OpenWeights(string folder)
    {
        var file = WeightsOf(folder);
        return Path.GetFileName(file) == OldWeightsFile ? TorchFile.Open(file) : SafeTensors.Open(file);
    }

    private static string WeightsOf(string folder)
        => new[] { WeightsFile, OldWeightsFile }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? throw new AdapterException($"{folder}: no {WeightsFile}");

    /// <summary>Writes an adapter as PEFT does, weights in fp32; both files appear whole or not at all, the configuration last.</summary>
    /// <exception cref="AdapterException">The folder cannot be written.</exception>
    public static void Save(Adapter adapter, string folder)
    {
        if (adapter.TrainsBase) throw new AdapterException($"{adapter.Config.PeftType} has no adapter folder, as it trains the base; save the model itself");
        try
        {
            using var scope = torch.NewDisposeScope();
            using var frozen = torch.no_grad();
            Directory.CreateDirectory(folder);
            var weights = Path.Combine(folder, WeightsFileOf(adapter.Config));
            if (adapter.Config.WritesTorchFile) TorchFileWriter.Write(weights, adapter.Stored);
            else SafeTensors.Write(weights, adapter.Stored);
            AtomicFile.WriteAllText(Path.Combine(folder, ConfigFile), adapter.Config.ToJson());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelException)
        {
            throw new AdapterException($"{folder}: cannot be written ({e.Message})", e);
        }
    }

    // PEFT leaves an adapter's name out of its files; the state dict of a wrapped model, saved as it is, has it in each key:
    // …q_proj.lora_A.default.weight, …k_proj.ia3_l.default.
    private static Dictionary<string, StoredTensor> ByKey(TensorFile stored)
    {
        var keys = stored.Tensors.Select(tensor => (Tensor: tensor, Match: NamedParameter().Match(tensor.Name))).ToList();
        var names = keys.Where(key => key.Match.Success).Select(key => key.Match.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal).ToList();
        if (names.Count > 1)
            throw new AdapterException($"{stored.Path}: holds the tensors of {names.Count} adapters ({string.Join(", ", names)}); save one of them alone, as PEFT's save_pretrained does");
        var byKey = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (tensor, match) in keys)
            if (!byKey.TryAdd(match.Success ? match.Groups["head"].Value + match.Groups["tail"].Value : tensor.Name, tensor))
                throw new AdapterException($"{stored.Path}: holds {tensor.Name} with the adapter's name and without it; save one of the two alone");
        return byKey;
    }

    [GeneratedRegex(@"\A(?<head>.+\.(?:lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector|ia3_l))\.(?<name>(?!weight\z)[^.]+)(?<tail>\.weight)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamedParameter();

    private static void Fill(Adapter adapter, TensorFile stored, string file)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        var byKey = ByKey(stored);
        foreach (var (key, value) in adapter.Stored)
        {
            if (!byKey.Remove(key, out var tensor) && adapter.IsOptional(key)) continue;
            if (tensor is null)
                throw new AdapterException($"{file}: no tensor {key}; does the adapter belong to this model?");
            if (!tensor.Shape.SequenceEqual(value.shape))
                throw new AdapterException($"{file}: {key} is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", value.shape)}]");
            using var copy = tensor.Copy();
            if (FiniteValues.CountOthers(copy) is > 0 and var others)
                throw new AdapterException($"{file}: {tensor.Name} holds values that are not finite (NaN or infinity), {others} of {copy.numel()}: the file is damaged, or its training diverged");
            value.copy_(copy);
        }
        if (byKey.Count > 0)
            throw new AdapterException($"{file}: {byKey.Count} tensors that the configuration does not ask for, {byKey.Keys.Order(StringComparer.Ordinal).First()} for one");
        adapter.ValuesChanged();
    }
}
