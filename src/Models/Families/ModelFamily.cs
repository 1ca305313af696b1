using System.Text.Json.Nodes;
using AlpacaCot.Models.Blocks;

namespace AlpacaCot.Models.Families;

/// <summary>
/// A decoder family: how its <c>config.json</c> reads, what its tensors are called, and of which blocks it consists. The blocks are shared;
/// a family only names and combines them.
/// </summary>
internal abstract class ModelFamily
{
    /// <summary>Its name in <c>config.json</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Prefix of the tensors below the head, which some writers leave out.</summary>
    public abstract string BasePrefix { get; }

    /// <summary>Name of the head's tensor.</summary>
    public virtual string HeadTensor => "lm_head.weight";

    /// <summary>Name of the embedding's tensor, without <see cref="BasePrefix"/>.</summary>
    public virtual string EmbeddingTensor => "embed_tokens.weight";

    /// <summary>The architecture that the keys describe.</summary>
    public abstract DecoderConfig ReadConfig(ConfigKeys keys);

    /// <summary>A <c>config.json</c> for an architecture that was not read from one.</summary>
    public abstract JsonObject WriteConfig(DecoderConfig config);

    /// <summary>Whether a tensor in a file is no parameter and may be left unread (frequency tables, masks, the copy of a tied head).</summary>
    public abstract bool Ignores(DecoderConfig config, string tensor);

    /// <summary>Puts the decoder together.</summary>
    public abstract DecoderParts Build(DecoderConfig config, ParameterBuilder build);
}

/// <summary>What a decoder consists of.</summary>
internal sealed record DecoderParts(Embedding Embedding, IReadOnlyList<DecoderBlock> Blocks, RmsNorm Norm, Projection Head, PositionKind Positions);
