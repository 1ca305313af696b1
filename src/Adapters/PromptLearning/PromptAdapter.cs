using AlpacaCot.Models;

namespace AlpacaCot.Adapters.PromptLearning;

/// <summary>
/// An adapter of virtual tokens <c>P [v, width]</c> in front of every sequence. Its folder holds the one tensor <c>prompt_embeddings</c> = P; what
/// is trained is the encoder that makes it.
/// </summary>
public abstract class PromptAdapter : Adapter
{
    private readonly PromptEncoder _encoder;

    private protected PromptAdapter(PromptEncoder encoder) => _encoder = encoder;

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterParameter> Parameters => _encoder.Parameters;

    /// <inheritdoc/>
    public override string MergeObstacle => "it puts virtual tokens in front of every sequence, which no weight of the base can hold; use the adapter beside the base";

    // A decode step finds the virtual tokens in the cache.
    /// <inheritdoc/>
    protected internal override bool ActsInPlace => true;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<KeyValuePair<string, Tensor>> Stored => [KeyValuePair.Create("prompt_embeddings", Columns(0, Width).detach())];

    /// <summary>Width of a virtual token.</summary>
    protected abstract long Width { get; }

    /// <summary>Some columns of P, with their gradient.</summary>
    protected Tensor Columns(long start, long count) => _encoder.Columns(start, count);
}

/// <summary>Virtual tokens behind the token embedding: prompt tuning and P-tuning.</summary>
public sealed class VirtualRowsAdapter : PromptAdapter
{
    private readonly PromptLearningConfig _config;

    internal VirtualRowsAdapter(PromptLearningConfig config, PromptEncoder encoder)
        : base(encoder) => _config = config;

    /// <inheritdoc/>
    public override AdapterConfig Config => _config;

    /// <inheritdoc/>
    public override SegmentPrefix Prefix => new(Rows: _config.VirtualTokens);

    /// <inheritdoc/>
    protected override long Width => _config.TokenDim!.Value;

    /// <inheritdoc/>
    protected internal override Tensor VirtualRows() => Columns(0, Width);
}
