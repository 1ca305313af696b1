using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// A decoder family: how its <c>config.json</c> reads, what its tensors are called, and of which blocks it consists. The blocks are shared;
/// a family only names and combines them.
/// </summary>
internal abstract class ModelFamily
{
    // Frequency tables and masks that some writers store.
    private static readonly string[] Buffers =
        ["rotary_emb.inv_freq", "rotary_pos_emb.inv_freq", "rope.freqs", ".attn.bias", ".attention.bias", ".masked_bias", ".causal_mask"];

    /// <summary>Its name in <c>config.json</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Prefix of the tensors below the head, which some writers leave out.</summary>
    public virtual string BasePrefix => "model.";

    /// <summary>Name of the head's tensor.</summary>
    public virtual string HeadTensor => "lm_head.weight";

    /// <summary>Name of the embedding's tensor, without <see cref="BasePrefix"/>.</summary>
    public virtual string EmbeddingTensor => "embed_tokens.weight";

    /// <summary>Whether a <c>config.json</c> that names its type is one of its own, where several families share the name.</summary>
    public virtual bool Recognises(ConfigKeys keys) => true;

    /// <summary>Whether a configuration with its type is one of its own, likewise.</summary>
    public virtual bool Builds(DecoderConfig config) => true;

    /// <summary>The architecture that the keys describe.</summary>
    public abstract DecoderConfig ReadConfig(ConfigKeys keys);

    /// <summary>A <c>config.json</c> for an architecture that was not read from one.</summary>
    public virtual JsonObject WriteConfig(DecoderConfig config) => throw new ModelException($"a {ModelType} model is saved with the config.json that it was read from; it has none");

    /// <summary>Whether a tensor in a file is no parameter and may be left unread (frequency tables, masks, the copy of a tied head).</summary>
    public bool Ignores(DecoderConfig config, string tensor)
        => Array.Exists(Buffers, buffer => tensor.EndsWith(buffer, StringComparison.Ordinal)) || (config.TieWordEmbeddings && tensor == HeadTensor);

    /// <summary>Puts the decoder together.</summary>
    public abstract DecoderParts Build(DecoderConfig config, ParameterBuilder build);
}

/// <summary>What a decoder consists of.</summary>
/// <param name="Embedding">The token embedding.</param>
/// <param name="Blocks">The blocks, in order.</param>
/// <param name="Norm">The norm behind them.</param>
/// <param name="Head">From the last hidden state to logits.</param>
/// <param name="Positions">How a token's place is told.</param>
internal sealed record DecoderParts(Embedding Embedding, IReadOnlyList<DecoderBlock> Blocks, INorm Norm, Projection Head, PositionKind Positions)
{
    /// <summary>What happens between embedding and blocks.</summary>
    public EmbeddingStage Stage { get; init; } = new();

    /// <summary>A projection between the norm and the head, or null.</summary>
    public ProjectionSite? Leave { get; init; }
}
