using AlpacaCot.Models.Blocks;
using AlpacaCot.Models.Checkpoints;
using AlpacaCot.Models.Conversion;
using AlpacaCot.Models.Decoding;
using AlpacaCot.Models.Families;

namespace AlpacaCot.Models.Tests;

/// <summary>The golden models that load and compute; a family that is built adds its own.</summary>
[Trait("Category", "Golden")]
public sealed class PinnedCases
{
    public static GoldenPins Models { get; } = new(
        "model",
        "models/beam-llama", "models/llama-bf16", "models/llama-bin", "models/llama-bin-sharded", "models/llama-f16", "models/llama-gqa-tied",
        "models/llama-legacy-bin", "models/llama-meta", "models/llama-mha", "models/llama-q", "models/llama-rope-dynamic", "models/llama-rope-linear",
        "models/llama-rope-llama3", "models/llama-rope-yarn", "models/llama-sharded", "models/llama-v5-config", "models/llama2c", "models/llama2c-untied");

    public static GoldenPins EvaluationModels { get; } = new(
        "evaluation_model",
        "evaluation/model-llama2", "evaluation/model-neox");

    public static GoldenPins SafeTensors { get; } = new(
        "format_safetensors",
        "formats/safetensors");

    [Fact]
    public void GoldenRoot_PinnedCases_AreThere()
    {
        Models.RequireFound();
        EvaluationModels.RequireFound();
        SafeTensors.RequireFound();
    }
}
