using System.Text.Json.Nodes;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Full;

/// <summary>The configuration of full fine-tuning; there is no PEFT folder for it.</summary>
internal sealed record FullConfig : AdapterConfig
{
    public override string PeftType => FullOptions.Method.PeftType;

    internal override void Write(IDictionary<string, JsonNode?> fields) { }
}

/// <summary>Registers full fine-tuning.</summary>
internal sealed class FullMethod : IAdapterMethod
{
    public MethodDefinition Definition => FullOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => new FullConfig();

    public bool Makes(AdapterConfig config) => config is FullConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => new BaseParameters(decoder, config, _ => true);
}
