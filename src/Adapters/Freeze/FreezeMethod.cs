using System.Text.Json.Nodes;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Freeze;

/// <summary>The configuration of freezing; there is no PEFT folder for it. Its fields are LLaMA-Factory's.</summary>
/// <param name="Choice">Which weights are trained.</param>
internal sealed record FreezeConfig(FreezeOptions.Choice Choice) : AdapterConfig
{
    public override string PeftType => FreezeOptions.Method.PeftType;

    internal override void Write(IDictionary<string, JsonNode?> fields)
    {
        fields[FreezeOptions.Layers.Name] = Choice.Layers;
        fields[FreezeOptions.Modules.Name] = Names(Choice.Modules);
        fields[FreezeOptions.Extra.Name] = Names(Choice.Extra);
    }

    private static JsonArray Names(IReadOnlyList<string> names) => [.. names.Select(name => (JsonNode)name)];
}

/// <summary>Registers freezing: the weights of some blocks are trained, the others stay as they are.</summary>
internal sealed class FreezeMethod : IAdapterMethod
{
    public MethodDefinition Definition => FreezeOptions.Method;

    public AdapterConfig Read(ConfigReader reader)
    {
        IReadOnlyList<string> Names(MethodOption option) => reader.OneOrMany<string>(option.Name, "a name or a list of names")?.Values ?? [];
        return new FreezeConfig(new FreezeOptions.Choice(reader.Integer(FreezeOptions.Layers), Names(FreezeOptions.Modules), Names(FreezeOptions.Extra)));
    }

    public bool Makes(AdapterConfig config) => config is FreezeConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start)
    {
        var choice = ((FreezeConfig)config).Choice;
        if (choice.Faults([.. decoder.Parameters.Keys], decoder.Config.Layers).ToList() is { Count: > 0 } faults)
            throw new AdapterException(string.Join("; ", faults.Select(fault => $"{fault.Option}: {fault.Message}")));
        return new BaseParameters(decoder, config, tensor => choice.Trains(tensor, decoder.Config.Layers));
    }
}
