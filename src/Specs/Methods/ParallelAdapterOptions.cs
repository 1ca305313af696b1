namespace AlpacaCot.Specs.Methods;

/// <summary>The parallel adapter (He et al. 2022, arXiv:2110.04366): beside the attention's projections.</summary>
public static class ParallelAdapterOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = BottleneckOptions.Define("adapter_parallel", "Bottleneck layers beside the attention's projections (He et al. 2022, as LLM-Adapters builds them)", parallel: true, adapterP: false);
}
