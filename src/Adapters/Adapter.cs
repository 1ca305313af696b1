using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>One trainable tensor of an adapter.</summary>
/// <param name="Key">Its key in PEFT's file, <c>base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight</c>.</param>
/// <param name="Value">The tensor, a leaf in fp32 that requires a gradient.</param>
public sealed record AdapterParameter(string Key, Tensor Value)
{
    /// <summary>Whether weight decay applies: as in transformers' Trainer, which looks at names, not to biases and the weights of norms.</summary>
    public bool Decays { get; init; } = !Key.Contains("bias", StringComparison.Ordinal) && !Key.Contains(".ln_tuning_layers.", StringComparison.Ordinal);

    /// <summary>Its learning rate over the member's (LoRA+ trains B faster than A).</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>A peak learning rate of its own, which follows the member's schedule; null takes the member's.</summary>
    public double? OwnRate { get; init; }
}

/// <summary>
/// One member's trainable set on a frozen base, and what it does at the decoder's hooks. A method overrides the hooks it acts at;
/// each is called with the rows of this member alone. What it does in training besides (a penalty, an action after each step, a state of its own) it
/// overrides likewise.
/// </summary>
public abstract class Adapter : IDisposable
{
    /// <summary>The configuration, with the targets that were resolved.</summary>
    public abstract AdapterConfig Config { get; }

    /// <summary>The trainable tensors in the model's order.</summary>
    public abstract IReadOnlyList<AdapterParameter> Parameters { get; }

    /// <summary>Whether it trains weights of the base itself, so that nobody can share the base with it.</summary>
    public virtual bool TrainsBase => false;

    /// <summary>Number of trainable values.</summary>
    public virtual long TrainableParameters => Parameters.Sum(parameter => parameter.Value.numel());

    /// <summary>The projections that it changes, in the model's order.</summary>
    public virtual IReadOnlyList<ProjectionSite> Targets => [];

    /// <summary>Whether training draws random numbers for every row of tokens, so that rows which begin alike still differ.</summary>
    public virtual bool HasDropout => false;

    /// <summary>The virtual tokens in front of every sequence.</summary>
    public virtual SegmentPrefix Prefix => default;

    /// <summary>The virtual rows <c>[<see cref="SegmentPrefix.Rows"/>, embedding width]</c>.</summary>
    protected internal virtual Tensor VirtualRows() => throw new InvalidOperationException($"{Config.PeftType} has no virtual rows");

    /// <summary>The learned keys and values of a block, <see cref="SegmentPrefix.Keys"/> of them: <c>[keys, kv heads, head_dim]</c>.</summary>
    protected internal virtual ExtraKeyValues Extra(int block) => throw new InvalidOperationException($"{Config.PeftType} has no learned keys and values");

    /// <summary>Whether the adapter changes the embedded tokens.</summary>
    protected internal virtual bool ActsAtEmbedding => false;

    /// <summary>What follows the token embedding: ids <c>[rows]</c>, hidden <c>[rows, embedding width]</c>.</summary>
    protected internal virtual Tensor Embedded(Tensor ids, Tensor hidden) => hidden;

    /// <summary>Whether the adapter changes the input of a projection.</summary>
    protected internal virtual bool ActsBefore(ProjectionSite site) => false;

    /// <summary>Whether the adapter changes the output of a projection.</summary>
    protected internal virtual bool ActsAfter(ProjectionSite site) => false;

    /// <summary>The input <c>[rows, in]</c> that a projection shall see.</summary>
    /// <param name="site">The projection.</param>
    /// <param name="x">Its input.</param>
    /// <param name="dropout">The dropout of these rows, or null outside training.</param>
    protected internal virtual Tensor BeforeProjection(ProjectionSite site, Tensor x, RowDropout? dropout) => x;

    /// <summary>What follows a projection: <paramref name="y"/> = W x + b <c>[rows, out]</c> becomes what the block goes on with.</summary>
    /// <param name="site">The projection.</param>
    /// <param name="x">Its input <c>[rows, in]</c>, as the projection saw it.</param>
    /// <param name="y">Its output.</param>
    /// <param name="dropout">The dropout of these rows, or null outside training.</param>
    protected internal virtual Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout) => y;

    /// <summary>As above for the rows of a decode step: changes x, a copy of the projection's input, in place.</summary>
    protected internal virtual void BeforeProjection(ProjectionSite site, Rows x) => x.Set(BeforeProjection(site, x.Tensor, null));

    /// <summary>As above for the rows of a decode step: changes y in place.</summary>
    protected internal virtual void AfterProjection(ProjectionSite site, Rows x, Rows y) => y.Set(AfterProjection(site, x.Tensor, y.Tensor, null));

    /// <summary>Whether all it does in a decode step is done on the rows, with nothing that would gain from several threads.</summary>
    protected internal virtual bool ActsInPlace => false;

    /// <summary>Whether the adapter changes what comes out of a norm.</summary>
    protected internal virtual bool ActsAfterNorm(NormSite site) => false;

    /// <summary>What follows a norm: <paramref name="y"/> = norm(<paramref name="x"/>), <c>[rows, …, width]</c> both.</summary>
    protected internal virtual Tensor AfterNorm(NormSite site, Tensor x, Tensor y) => y;

    /// <summary>Whether the adapter changes what a block's attention adds to the residual stream.</summary>
    protected internal virtual bool ActsAfterAttention(int block) => false;

    /// <summary>What the attention of a block adds, <c>[rows, hidden]</c>.</summary>
    protected internal virtual Tensor AfterAttention(int block, Tensor y) => y;

    /// <summary>Whether the adapter changes what a block's MLP adds to the residual stream.</summary>
    protected internal virtual bool ActsAfterMlp(int block) => false;

    /// <summary>What the MLP of a block adds, <c>[rows, hidden]</c>.</summary>
    protected internal virtual Tensor AfterMlp(int block, Tensor y) => y;

    /// <summary>Whether the adapter computes logits of its own.</summary>
    protected internal virtual bool ActsAtHead => false;

    /// <summary>Logits <c>[rows, vocabulary]</c> of hidden states <c>[rows, hidden]</c>; <paramref name="logits"/> computes the base's.</summary>
    protected internal virtual Tensor Head(Tensor hidden, Func<Tensor, Tensor> logits) => logits(hidden);

    /// <summary>What is added once to the loss of an optimiser step, a scalar in fp32; null for nothing.</summary>
    public virtual Tensor? Penalty() => null;

    /// <summary>What is done after an optimiser step, while its gradients are still there.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="gradientScale">What the step multiplied the gradients by before it used them: the clipping coefficient.</param>
    public virtual void AfterStep(int step, double gradientScale) { }

    /// <summary>The parameters have other values (a step was made, a file or a checkpoint was read): what was derived from them is computed anew.</summary>
    public virtual void ValuesChanged() { }

    /// <summary>What a checkpoint holds of it besides its parameters; tensors of fixed shapes, which are written over when one is read.</summary>
    public virtual IReadOnlyList<KeyValuePair<string, Tensor>> State => [];

    /// <summary>Why it cannot be folded into the base's weights; null where it can.</summary>
    public virtual string? MergeObstacle => null;

    /// <summary>Weight <c>[out, in]</c> and bias <c>[out]</c> of a targeted projection with the adapter folded in, in fp32.</summary>
    protected internal virtual (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site)
        => throw new InvalidOperationException($"{Config.PeftType} cannot be merged: {MergeObstacle}");

    /// <summary>Tensors of the base that are no targeted projection's, and what they become with the adapter folded in, in fp32; a head that is the embedding is its own by then.</summary>
    protected internal virtual IEnumerable<(Tensor Base, Tensor Merged)> MergeOthers(Decoder decoder) => [];

    /// <summary>
    /// What its folder holds, in order, and what is filled from a folder: its parameters, unless the method saves other tensors than it trains. New tensors
    /// belong to the caller's scope.
    /// </summary>
    protected internal virtual IReadOnlyList<KeyValuePair<string, Tensor>> Stored => [.. Parameters.Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.detach()))];

    /// <summary>Whether a folder may lack a tensor of <see cref="Stored"/>.</summary>
    protected internal virtual bool IsOptional(string key) => false;

    /// <summary>What is odd about it on a model, though it can be used; one line each.</summary>
    protected internal virtual IEnumerable<string> Remarks(Decoder decoder) => [];

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Value.Dispose();
        GC.SuppressFinalize(this);
    }
}
