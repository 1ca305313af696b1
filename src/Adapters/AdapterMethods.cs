using AlpacaCot.Adapters.OwnWeights;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>What an adapter begins with.</summary>
/// <param name="Generator">Draws the initial values: same seed, same adapter. Null leaves parameters empty: they are about to be read from a file.</param>
/// <param name="Encode">The base's tokenizer, without special tokens, for methods that begin with a text; null where there is none.</param>
public sealed record AdapterStart(Generator? Generator, Func<string, IReadOnlyList<int>>? Encode = null);

/// <summary>
/// A PEFT method as this room registers it: every class of it that has a constructor without parameters is found by itself, so that a method is added
/// by adding its folder (and its options to <c>Specs/Methods</c>).
/// </summary>
internal interface IAdapterMethod
{
    /// <summary>PEFT's name of it.</summary>
    string PeftType => Definition.PeftType;

    /// <summary>Its options.</summary>
    MethodDefinition Definition { get; }

    /// <summary>Whether a configuration of this type is its own, where several methods share a <c>peft_type</c>.</summary>
    bool Recognises(ConfigReader reader) => true;

    /// <summary>Reads its fields of an <c>adapter_config.json</c>.</summary>
    AdapterConfig Read(ConfigReader reader);

    /// <summary>Whether it makes the adapters of a configuration.</summary>
    bool Makes(AdapterConfig config);

    /// <summary>Makes an adapter.</summary>
    Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start);

    /// <summary>Option to the modules that it stands for where a configuration leaves it out, by the base's <c>model_type</c>; null values are left out.</summary>
    IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [];
}

/// <summary>The PEFT methods that are implemented.</summary>
public static class AdapterMethods
{
    private static readonly IAdapterMethod[] All = [.. typeof(AdapterMethods).Assembly.GetTypes()
        .Where(type => type is { IsAbstract: false, IsInterface: false } && type.IsAssignableTo(typeof(IAdapterMethod)))
        .Select(type => (IAdapterMethod)Activator.CreateInstance(type)!)
        .OrderBy(method => method.Definition.Name, StringComparer.Ordinal)];

    /// <summary>PEFT's names of the methods, <c>LORA</c>.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. All.Where(method => !method.Definition.TrainsBase).Select(method => method.PeftType).Distinct(StringComparer.Ordinal)];

    internal static IAdapterMethod Find(string peftType, ConfigReader reader)
    {
        if (All.FirstOrDefault(method => method.PeftType == peftType && method.Recognises(reader)) is { } found) return found;
        throw new AdapterNotSupportedException($"{reader.File}: peft_type '{peftType}' is not supported; known: {string.Join(", ", Known)}");
    }

    internal static IAdapterMethod Of(AdapterConfig config)
        => All.FirstOrDefault(method => method.Makes(config)) ?? throw new AdapterNotSupportedException($"{config.PeftType} has no adapter of its own");

    /// <summary>An adapter, with the weights of the base that its configuration trains beside it.</summary>
    internal static Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start)
    {
        WithOwnWeights.Check(config.Saved, decoder);
        return WithOwnWeights.Around(Of(config).Create(decoder, config, start), decoder, start.Generator);
    }

    internal static IAdapterMethod? Named(string name) => All.FirstOrDefault(method => method.Definition.Name == name);
}
