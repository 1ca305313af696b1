using System.Text.Json.Nodes;
using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Files.Json;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>
/// The configuration of an adapter: PEFT's <c>adapter_config.json</c>, read and written key for key. A method adds its own fields in a
/// derived record; keys that no method knows are kept as they are and named in <see cref="Remarks"/>.
/// </summary>
public abstract record AdapterConfig
{
    /// <summary>The PEFT release whose fields are written.</summary>
    public const string WrittenVersion = "0.21.2";

    /// <summary>PEFT's name of the method, <c>LORA</c>.</summary>
    public abstract string PeftType { get; }

    /// <summary>What the model is for; <c>CAUSAL_LM</c> for all that is trained here.</summary>
    public string? TaskType { get; init; } = "CAUSAL_LM";

    /// <summary>The base model: a hub id or a folder.</summary>
    public string? BaseModel { get; init; }

    /// <summary>The base model's revision on the hub.</summary>
    public string? Revision { get; init; }

    /// <summary>The PEFT version that wrote the file.</summary>
    public string PeftVersion { get; init; } = WrittenVersion;

    /// <summary>Modules of the base that are trained whole beside the adapter, by the ends of their paths; null for none.</summary>
    public OneOrMany<string>? ModulesToSave { get; init; }

    /// <summary>Biases of the base that are trained beside the adapter.</summary>
    public TrainedBiases Biases { get; init; }

    /// <summary>What was odd about the file that this was read from; one line each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Keys of the file that are unknown here or have no meaning here; written back as they were.</summary>
    internal IReadOnlyDictionary<string, JsonNode?> Kept { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>Reads the text of an <c>adapter_config.json</c>.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="AdapterException">The text is no JSON object, lacks <c>peft_type</c>, or a value has the wrong type.</exception>
    /// <exception cref="AdapterNotSupportedException">The method, or a feature that the file switches on, is not implemented.</exception>
    public static AdapterConfig Read(string json, string file = AdapterDirectory.ConfigFile)
    {
        JsonObject document;
        try
        {
            document = StrictJson.ParseObject(json, file);
        }
        catch (InvalidDataException e)
        {
            throw new AdapterException(e.Message, e);
        }
        var reader = new ConfigReader(document, file);
        var type = reader.Text("peft_type") ?? throw new AdapterException($"{file}: peft_type is missing; is this a PEFT adapter?");
        var method = AdapterMethods.Find(type, reader);
        var config = method.Read(reader) with
        {
            ModulesToSave = ReadModules(reader, method.Definition),
            Biases = ReadBiases(reader, method.Definition),
            TaskType = reader.Text("task_type"),
            BaseModel = reader.Text("base_model_name_or_path"),
            Revision = reader.Text("revision"),
            PeftVersion = reader.Text("peft_version") ?? WrittenVersion,
        };
        reader.Ignore("inference_mode", "runtime_config");
        reader.Keep("auto_mapping", null);
        return config with { Remarks = reader.RemarksOfUnknown(), Kept = reader.Kept };
    }

    /// <summary>The text of the <c>adapter_config.json</c>: indent 2, sorted keys, <c>inference_mode</c> true.</summary>
    public string ToJson()
    {
        var fields = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["peft_type"] = PeftType,
            ["task_type"] = TaskType,
            ["base_model_name_or_path"] = BaseModel,
            ["revision"] = Revision,
            ["peft_version"] = PeftVersion,
            ["inference_mode"] = true,
            ["auto_mapping"] = null,
        };
        Write(fields);
        var definition = AdapterMethods.Of(this).Definition;
        if (definition.Option(OwnWeightsOptions.ModulesToSave.Name) is not null) fields[OwnWeightsOptions.ModulesToSave.Name] = ConfigWriter.OneOrMany(ModulesToSave);
        if (definition.Option(OwnWeightsOptions.Bias) is { } bias) fields[bias.Name] = bias.Choices[(int)Biases];
        foreach (var (key, value) in Kept) fields[key] = value?.DeepClone();
        foreach (var key in Unwritten) fields.Remove(key);
        return ConfigWriter.Write(fields);
    }

    /// <summary>Fields that a method's own library does not have.</summary>
    internal virtual IReadOnlyList<string> Unwritten => [];

    /// <summary>Whether the weights are written as a PyTorch file, as the method's own library reads them.</summary>
    internal virtual bool WritesTorchFile => false;

    /// <summary>The names of <see cref="ModulesToSave"/>.</summary>
    internal IReadOnlyList<string> Saved => ModulesToSave?.Values ?? [];

    /// <summary>A parameter with the learning rate of its group, where the method has several.</summary>
    internal virtual AdapterParameter Grouped(AdapterParameter parameter) => parameter;

    private static OneOrMany<string>? ReadModules(ConfigReader reader, MethodDefinition method)
        => method.Option(OwnWeightsOptions.ModulesToSave.Name) is { } option && reader.OneOrMany<string>(option.Name, "a list of module names") is { Values.Count: > 0 } modules ? modules : null;

    // The words stand in the order of the enumeration.
    private static TrainedBiases ReadBiases(ConfigReader reader, MethodDefinition method)
    {
        if (method.Option(OwnWeightsOptions.Bias) is not { } option || reader.Text(option.Name) is not { } word) return TrainedBiases.None;
        return option.Choices.ToList().IndexOf(word) is >= 0 and var at ? (TrainedBiases)at : throw reader.Wrong(option.Name, string.Join(", ", option.Choices));
    }

    /// <summary>Adds the method's fields.</summary>
    internal abstract void Write(IDictionary<string, JsonNode?> fields);
}

/// <summary>The configuration of a method that acts on chosen projections.</summary>
public abstract record TargetedConfig : AdapterConfig
{
    /// <summary>The projections to act on; null takes the default of the model's type.</summary>
    public ModuleSelection? TargetModules { get; init; }

    /// <summary>Projections to leave out, applied first.</summary>
    public ModuleSelection? ExcludeModules { get; init; }

    /// <summary>PEFT's note that the base stores its weights [in, out] (GPT-2's Conv1D). Kept for other readers; weights are [out, in] here.</summary>
    public bool FanInFanOut { get; init; }

    /// <summary>Numbers of the blocks to act on; null for all.</summary>
    internal virtual OneOrMany<int>? Layers => null;

    /// <summary>Names of the block lists in which <see cref="Layers"/> counts.</summary>
    internal virtual OneOrMany<string>? LayersPattern => null;
}
