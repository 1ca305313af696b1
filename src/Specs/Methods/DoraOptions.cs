namespace AlpacaCot.Specs.Methods;

/// <summary>DoRA (Liu et al. 2024, arXiv:2402.09353) by its own name: LoRA whose rows have magnitudes of their own.</summary>
public static class DoraOptions
{
    /// <summary>The method.</summary>
    public static MethodDefinition Method { get; } = new(
        "dora", "LORA", 2e-4, "the rate of the DoRA paper on LLaMA-7B", [.. LoraOptions.All.Where(option => option != LoraOptions.UseDora && option != LoraOptions.Init), LoraOptions.Init with { Choices = ["true", "gaussian", "false"], NumberedChoice = null }])
    {
        Fixed = new Dictionary<string, System.Text.Json.Nodes.JsonNode> { [LoraOptions.UseDora.Name] = true },
        Size = LoraOptions.Size,
    };
}
