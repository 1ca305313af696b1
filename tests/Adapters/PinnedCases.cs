namespace AlpacaCot.Adapters.Tests;

/// <summary>The golden adapters that load, compute and merge; a method that is built adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Adapters { get; } = new(
        "adapter",
        "adapters/bloom/ia3", "adapters/bloom/lora", "adapters/bloom/lora-all-linear", "adapters/bloom/lora-mlp-only", "adapters/bloom/lora-patterns", "adapters/bloom/rslora",
        "adapters/llama-mha/ia3", "adapters/llama-mha/lora", "adapters/llama-mha/lora-all-linear", "adapters/llama-mha/lora-mlp-only", "adapters/llama-mha/lora-patterns", "adapters/llama-mha/rslora",
        "adapters/llama-q/ia3-nf4", "adapters/llama-q/lora-int8", "adapters/llama-q/qlora-nf4", "adapters/llama-q/qlora-nf4-single");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Adapters.RequireFound();
    }
}
