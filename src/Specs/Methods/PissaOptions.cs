namespace AlpacaCot.Specs.Methods;

/// <summary>PiSSA (Meng et al. 2024, arXiv:2404.02948) by its own name: LoRA that starts as the weight's principal components.</summary>
public static class PissaOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "pissa", "LORA", 2e-5, "the rate of the PiSSA paper: the components are large, and a rate for LoRA overshoots", [.. LoraOptions.All.Where(option => option != LoraOptions.UseDora && option != LoraOptions.Init), LoraOptions.Init with { Default = "pissa", Choices = ["pissa"] }])
    {
        Fixed = new Dictionary<string, System.Text.Json.Nodes.JsonNode> { [LoraOptions.UseDora.Name] = false },
        Size = LoraOptions.Size,
        Faults = LoraOptions.Check,
    };
}
