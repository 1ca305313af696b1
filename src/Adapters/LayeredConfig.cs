using System.Text.Json.Nodes;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>The configuration of a method that acts on chosen projections of chosen blocks, in PEFT's fields for both.</summary>
public abstract record LayeredConfig : TargetedConfig
{
    /// <summary>Numbers of the blocks to act on; null for all.</summary>
    public OneOrMany<int>? LayersToTransform { get; init; }

    /// <summary>Names of the block lists in which <see cref="LayersToTransform"/> counts, where the path has several numbers.</summary>
    public OneOrMany<string>? LayerListNames { get; init; }

    internal override OneOrMany<int>? Layers => LayersToTransform;

    internal override OneOrMany<string>? LayersPattern => LayerListNames;

    /// <summary>Adds what the file says of targets and blocks.</summary>
    internal static T ReadTargets<T>(T config, ConfigReader reader) where T : LayeredConfig
    {
        var read = config with
        {
            TargetModules = reader.Modules(LoraOptions.Targets.Name),
            ExcludeModules = reader.Modules(LoraOptions.Exclude.Name),
            LayersToTransform = reader.OneOrMany<int>(LoraOptions.Layers.Name, "a block number or a list of them"),
            LayerListNames = reader.OneOrMany<string>(LoraOptions.LayersPattern.Name, "a name or a list of names"),
        };
        read.ValidateLayers(reader.File);
        return read;
    }

    /// <summary>What PEFT asks of the choice of blocks.</summary>
    /// <exception cref="AdapterException">It does not fit the targets.</exception>
    internal void ValidateLayers(string file)
    {
        if (TargetModules?.Pattern is not null && (LayersToTransform ?? (object?)LayerListNames) is not null)
            throw new AdapterException($"{file}: layers_to_transform and layers_pattern need target_modules as a list");
        // As in PEFT an empty name, and a list of none, is no name.
        if (LayerListNames?.Values.Any(name => name.Length > 0) == true && LayersToTransform is null) throw new AdapterException($"{file}: layers_pattern needs layers_to_transform");
    }

    /// <summary>Writes them.</summary>
    internal void WriteTargets(IDictionary<string, JsonNode?> fields)
    {
        fields[LoraOptions.Targets.Name] = ConfigWriter.Modules(TargetModules);
        fields[LoraOptions.Exclude.Name] = ConfigWriter.Modules(ExcludeModules);
        fields[LoraOptions.Layers.Name] = ConfigWriter.OneOrMany(LayersToTransform);
        fields[LoraOptions.LayersPattern.Name] = ConfigWriter.OneOrMany(LayerListNames);
    }
}
