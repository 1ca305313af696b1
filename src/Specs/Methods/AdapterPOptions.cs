namespace AlpacaCot.Specs.Methods;

/// <summary>The sequential adapter after Pfeiffer et al. (2020, arXiv:2005.00052): behind the MLP's last projection.</summary>
public static class AdapterPOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = BottleneckOptions.Define("adapter_p", "A bottleneck layer behind the MLP's last projection (Pfeiffer et al. 2020, as LLM-Adapters builds it)", parallel: false, adapterP: true);
}
