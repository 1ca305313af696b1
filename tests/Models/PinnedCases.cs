namespace AlpacaCot.Models.Tests;

/// <summary>The golden models that load and compute; a family that is built adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Models { get; } = new(
        "model",
        "models/baichuan-13b", "models/baichuan-7b", "models/baichuan2-13b", "models/baichuan2-7b", "models/beam-llama", "models/bloom",
        "models/bloom-heads6", "models/bloom-prefixed", "models/chatglm-6b", "models/chatglm-6b-1d", "models/chatglm2", "models/chatglm3",
        "models/chatglm3-32k", "models/codegen", "models/gemma2", "models/gpt-neox", "models/gpt-neox-sequential", "models/gpt2", "models/gptj",
        "models/internlm", "models/internlm-7b", "models/internlm2", "models/llama-bf16", "models/llama-bin", "models/llama-bin-sharded", "models/llama-f16",
        "models/llama-gqa-tied", "models/llama-legacy-bin", "models/llama-meta", "models/llama-mha", "models/llama-q", "models/llama-rope-dynamic",
        "models/llama-rope-linear", "models/llama-rope-llama3", "models/llama-rope-yarn", "models/llama-sharded", "models/llama-v5-config", "models/llama2c",
        "models/llama2c-untied", "models/mistral", "models/moss", "models/opt", "models/opt-350m", "models/phi", "models/phi3", "models/qwen2",
        "models/qwen2-untied", "models/qwen3");

    public static GoldenPins EvaluationModels { get; } = new(
        "evaluation_model",
        "evaluation/model-llama2", "evaluation/model-neox");

    public static GoldenPins Blocks { get; } = new(
        "quantisation",
        "quantisation/gguf-blocks");

    public static GoldenPins SafeTensors { get; } = new(
        "format_safetensors",
        "formats/safetensors");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Models.RequireFound();
        EvaluationModels.RequireFound();
        Blocks.RequireFound();
        SafeTensors.RequireFound();
    }
}
