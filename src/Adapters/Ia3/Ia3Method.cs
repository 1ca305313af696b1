using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Ia3;

/// <summary>Registers IA3.</summary>
internal sealed class Ia3Method : IAdapterMethod
{
    public MethodDefinition Definition => Ia3Options.Method;

    public AdapterConfig Read(ConfigReader reader) => Ia3Config.Read(reader);

    public bool Makes(AdapterConfig config) => config is Ia3Config;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => Ia3Adapter.Create(decoder, (Ia3Config)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType)
        => [(Ia3Options.Targets.Name, TargetDefaults.Find(modelType)?.Ia3), (Ia3Options.Feedforward.Name, TargetDefaults.Find(modelType)?.FeedForward)];
}
