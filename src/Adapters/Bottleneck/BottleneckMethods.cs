using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters.Bottleneck;

/// <summary>Registers the bottleneck adapters, which share a <c>peft_type</c> and differ in where they stand.</summary>
internal abstract class BottleneckMethod(MethodDefinition definition, bool parallel, bool adapterP) : IAdapterMethod
{
    public MethodDefinition Definition => definition;

    public bool Recognises(ConfigReader reader) => Makes(BottleneckConfig.Read(reader));

    public AdapterConfig Read(ConfigReader reader) => BottleneckConfig.Read(reader);

    // A file may set both flags; LLM-Adapters then takes the parallel one.
    public bool Makes(AdapterConfig config) => config is BottleneckConfig own && own.Parallel == parallel && (own.Parallel || own.AdapterP == adapterP);

    public Adapter Create(Decoder decoder, AdapterConfig config, AdapterStart start) => BottleneckAdapter.Create(decoder, (BottleneckConfig)config, start.Generator);

    public IEnumerable<(string Option, string? Names)> Defaults(string modelType) => [(BottleneckOptions.Targets.Name, BottleneckTargets.Of(modelType, parallel, adapterP))];
}

/// <summary>Sequential adapters before and behind the MLP's projections.</summary>
internal sealed class AdapterHMethod() : BottleneckMethod(AdapterHOptions.Method, parallel: false, adapterP: false);

/// <summary>A sequential adapter behind the MLP.</summary>
internal sealed class AdapterPMethod() : BottleneckMethod(AdapterPOptions.Method, parallel: false, adapterP: true);

/// <summary>Adapters beside the attention's projections.</summary>
internal sealed class ParallelAdapterMethod() : BottleneckMethod(ParallelAdapterOptions.Method, parallel: true, adapterP: false);
