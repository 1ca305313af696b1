namespace AlpacaCot.Adapters.Tests;

/// <summary>The golden adapters that load, compute and merge; a method that is built adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Adapters { get; } = new(
        "adapter",
        "adapters/bloom/ia3", "adapters/bloom/lora", "adapters/bloom/lora-all-linear", "adapters/bloom/lora-mlp-only", "adapters/bloom/lora-patterns", "adapters/bloom/rslora",
        "adapters/llama-mha/ia3", "adapters/llama-mha/lora", "adapters/llama-mha/lora-all-linear", "adapters/llama-mha/lora-mlp-only", "adapters/llama-mha/lora-patterns", "adapters/llama-mha/rslora",
        "adapters/bloom/adalora", "adapters/bloom/adalora-sparse", "adapters/bloom/bottleneck-h", "adapters/bloom/bottleneck-h-scaled", "adapters/bloom/bottleneck-p", "adapters/bloom/parallel", "adapters/bloom/parallel-scaled",
        "adapters/bloom/p-tuning-lstm", "adapters/bloom/p-tuning-mlp", "adapters/bloom/prefix", "adapters/bloom/prefix-mask", "adapters/bloom/prefix-projection",
        "adapters/bloom/prompt-tuning-mask", "adapters/bloom/prompt-tuning-random", "adapters/bloom/prompt-tuning-text",
        "adapters/llama-mha/adalora", "adapters/llama-mha/adalora-sparse", "adapters/llama-mha/bottleneck-h", "adapters/llama-mha/bottleneck-h-scaled", "adapters/llama-mha/bottleneck-p", "adapters/llama-mha/parallel", "adapters/llama-mha/parallel-scaled",
        "adapters/llama-mha/p-tuning-lstm", "adapters/llama-mha/p-tuning-mlp", "adapters/llama-mha/prefix", "adapters/llama-mha/prefix-mask", "adapters/llama-mha/prefix-projection",
        "adapters/llama-mha/prompt-tuning-mask", "adapters/llama-mha/prompt-tuning-random", "adapters/llama-mha/prompt-tuning-text",
        "adapters/llama-q/ia3-nf4", "adapters/llama-q/lora-int8", "adapters/llama-q/prefix-nf4", "adapters/llama-q/qlora-nf4", "adapters/llama-q/qlora-nf4-single");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Adapters.RequireFound();
    }
}
