using AlpacaCot.Tests;

namespace AlpacaCot.Tokenizers.Tests;

/// <summary>The golden tokenizers that encode and decode; what is known later adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Tokenizers { get; } = new(
        "tokenizer",
        "tokenizers/added-token-flags", "tokenizers/bert", "tokenizers/bloom", "tokenizers/chatglm-6b", "tokenizers/clip", "tokenizers/deepseek", "tokenizers/deepseek3",
        "tokenizers/gpt-neox-20b", "tokenizers/gpt2", "tokenizers/llama2", "tokenizers/llama3", "tokenizers/mistral-metaspace", "tokenizers/neox-small",
        "tokenizers/qwen2", "tokenizers/roberta", "tokenizers/sp-bpe-small", "tokenizers/sp-chinese-37k", "tokenizers/sp-ice-text", "tokenizers/sp-internlm",
        "tokenizers/sp-llama", "tokenizers/sp-suffix-small", "tokenizers/sp-torchtune-m", "tokenizers/sp-unigram-small", "tokenizers/t5", "tokenizers/tiktoken-glm4",
        "tokenizers/torchtune-tiny-bpe", "tokenizers/unigram-bytes");

    public static GoldenPins Components { get; } = new(
        "tokenizer_components",
        "tokenizers/components");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Tokenizers.RequireFound();
        Components.RequireFound();
    }
}
