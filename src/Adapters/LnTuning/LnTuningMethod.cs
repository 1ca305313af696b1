using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.LnTuning;

/// <summary>Registers layer-norm tuning.</summary>
internal sealed class LnTuningMethod : IAdapterMethod
{
    public MethodDefinition Definition => LnTuningOptions.Method;

    public AdapterConfig Read(ConfigReader reader) => LnTuningConfig.Read(reader);

    public bool Makes(AdapterConfig config) => config is LnTuningConfig;

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => LnTuningAdapter.Create(decoder, (LnTuningConfig)config, start.Generator);
}
