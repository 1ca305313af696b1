using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Loha;

/// <summary>Registers LoHa.</summary>
internal sealed class LohaMethod : IAdapterMethod
{
    public MethodDefinition Definition => LohaOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => LohaConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is LohaConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => LohaAdapter.Create(decoder, (LohaConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(LohaOptions.Targets.Name, TargetDefaults.Find(modelType)?.Lora)];
}
