using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Lora;

/// <summary>Registers LoRA.</summary>
internal sealed class LoraMethod : IAdapterMethod
{
    public MethodDefinition Definition => LoraOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => LoraConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is LoraConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => LoraAdapter.Create(decoder, (LoraConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(LoraOptions.Targets.Name, TargetDefaults.Find(modelType)?.Lora)];
}
