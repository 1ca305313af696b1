using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>A PEFT method: how its configuration is read and how its adapter is made (parameters are left empty without a generator).</summary>
internal sealed record AdapterMethod(string PeftType, Func<ConfigReader, AdapterConfig> Read, Func<Decoder, AdapterConfig, Generator?, Adapter> Create);

/// <summary>The PEFT methods that are implemented.</summary>
public static class AdapterMethods
{
    private static readonly AdapterMethod[] All =
    [
        new(LoraOptions.Method.PeftType, LoraConfig.Read, (decoder, config, generator) => LoraAdapter.Create(decoder, (LoraConfig)config, generator)),
        new(Ia3Options.Method.PeftType, Ia3Config.Read, (decoder, config, generator) => Ia3Adapter.Create(decoder, (Ia3Config)config, generator)),
    ];

    /// <summary>PEFT's names of the methods, <c>LORA</c>.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. All.Select(method => method.PeftType)];

    internal static AdapterMethod Find(string peftType, string file) => All.FirstOrDefault(method => method.PeftType == peftType)
        ?? throw new AdapterNotSupportedException($"{file}: peft_type '{peftType}' is not supported; known: {string.Join(", ", Known)}");
}
