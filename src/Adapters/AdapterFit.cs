using AlpacaCot.Adapters.Prefix;
using AlpacaCot.Models;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Adapters;

/// <summary>What the header of an adapter's file and a model's configuration tell without a weight being read: that the one was made for another base.</summary>
public static class AdapterFit
{
    /// <summary>Refuses an adapter that cannot be of a model; loading it compares every shape.</summary>
    /// <param name="model">The model's architecture.</param>
    /// <param name="folder">The adapter's folder.</param>
    /// <exception cref="AdapterException">It was made for another base, or there is no adapter.</exception>
    public static void Require(DecoderConfig model, string folder)
    {
        var config = AdapterDirectory.ReadConfig(folder);
        using var stored = AdapterDirectory.OpenWeights(folder);
        foreach (var tensor in stored.Tensors)
            if (Fault(model, config, tensor.Name, tensor.Shape) is { } fault)
                throw new AdapterException($"{folder}: {tensor.Name} [{string.Join(", ", tensor.Shape)}] {fault}: the adapter was made for {(config.BaseModel is { Length: > 0 } named ? $"another base ({named})" : "another base")}");
    }

    private static string? Fault(DecoderConfig model, AdapterConfig config, string name, IReadOnlyList<long> shape)
    {
        if (ModulePattern.BlockOf(name) is { } block && block >= model.Layers) return FormattableString.Invariant($"acts on block {block}, and the model has {model.Layers}");
        if (name == "prompt_embeddings" && shape.Count == 2)
        {
            long width = config is PrefixConfig ? 2L * model.Layers * model.KeyValueHeads * model.HeadDim : model.EmbeddingSize ?? model.HiddenSize;
            return shape[1] == width ? null : FormattableString.Invariant($"has rows of {shape[1]}, and the model takes {width}");
        }
        // Whatever the projection: its input is the residual stream, the attention's output or the inside of an MLP.
        long[] inputs = [model.HiddenSize, model.Heads * model.HeadDim, model.IntermediateSize, 4L * model.HiddenSize];
        if (ModulePattern.BlockOf(name) is not null && shape.Count == 2 && ReadsInput(name, shape) && !inputs.Contains(shape[1])) return FormattableString.Invariant($"reads {shape[1]} values, and the model is {model.HiddenSize} wide");
        return shape.Count == 2 && _tables.Any(table => name.EndsWith(table, StringComparison.Ordinal)) && shape[0] != model.VocabularySize
            ? FormattableString.Invariant($"has {shape[0]} rows, and the model's vocabulary has {model.VocabularySize}") : null;
    }

    // Members' own tables by the names that most families have; others are told apart when they are loaded.
    private static readonly string[] _tables = [".embed_tokens.weight", ".lm_head.weight", ".word_embeddings.weight", ".wte.weight"];

    private static readonly string[] _inputs = [".lora_A.weight", ".lora_A", ".hada_w1_b", ".hada_w2_b"];

    // A [r, in] of the low-rank methods; of IA3's vectors those that lie as [1, in].
    private static bool ReadsInput(string name, IReadOnlyList<long> shape)
        => _inputs.Any(input => name.EndsWith(input, StringComparison.Ordinal)) || (name.EndsWith(".ia3_l", StringComparison.Ordinal) && shape[0] == 1 && shape[1] > 1);
}
