using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Oft;

/// <summary>Registers OFT.</summary>
internal sealed class OftMethod : IAdapterMethod
{
    public MethodDefinition Definition => OftOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => OftConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is OftConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => OftAdapter.Create(decoder, (OftConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(OftOptions.Targets.Name, TargetDefaults.Find(modelType)?.Lora)];
}
