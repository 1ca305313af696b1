namespace AlpacaCot.Specs.Methods;

/// <summary>Sequential adapters after Houlsby et al. (2019, arXiv:1902.00751): before and behind the MLP's projections.</summary>
public static class AdapterHOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = BottleneckOptions.Define("adapter_h", "Bottleneck layers before and behind the MLP's projections (Houlsby et al. 2019, as LLM-Adapters builds them)", parallel: false, adapterP: false);
}
