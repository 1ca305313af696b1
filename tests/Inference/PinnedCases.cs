namespace AlpacaCot.Inference.Tests;

/// <summary>The golden generations that run; a strategy or a family that is built adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Generations { get; } = new(
        "generation",
        "generation/beam", "generation/greedy", "generation/pipelines", "generation/processors");

    public static GoldenPins Models { get; } = new(
        "model",
        "models/beam-llama", "models/llama-bf16", "models/llama-bin", "models/llama-bin-sharded", "models/llama-f16", "models/llama-gqa-tied",
        "models/llama-legacy-bin", "models/llama-meta", "models/llama-mha", "models/llama-q", "models/llama-rope-dynamic", "models/llama-rope-linear",
        "models/llama-rope-llama3", "models/llama-rope-yarn", "models/llama-sharded", "models/llama-v5-config", "models/llama2c", "models/llama2c-untied");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Generations.RequireFound();
        Models.RequireFound();
    }
}
