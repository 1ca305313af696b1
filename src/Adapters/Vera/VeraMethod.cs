using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Vera;

/// <summary>Registers VeRA.</summary>
internal sealed class VeraMethod : IAdapterMethod
{
    public MethodDefinition Definition => VeraOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => VeraConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is VeraConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => VeraAdapter.Create(decoder, (VeraConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(VeraOptions.Targets.Name, TargetDefaults.Find(modelType)?.Lora)];
}
