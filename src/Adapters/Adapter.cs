using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters;

/// <summary>One trainable tensor of an adapter.</summary>
/// <param name="Key">Its key in PEFT's file, <c>base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight</c>.</param>
/// <param name="Value">The tensor, a leaf in fp32 that requires a gradient.</param>
/// <param name="Decays">Whether weight decay applies (not to biases and norm weights).</param>
public sealed record AdapterParameter(string Key, Tensor Value, bool Decays = true)
{
    /// <summary>Its learning rate over the member's (LoRA+ trains B faster than A).</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>A peak learning rate of its own, which follows the member's schedule; null takes the member's.</summary>
    public double? OwnRate { get; init; }
}

/// <summary>
/// One member's trainable set on a frozen base, and what it does at the decoder's hooks. A method overrides the hooks it acts at;
/// each is called with the rows of this member alone.
/// </summary>
public abstract class Adapter : IDisposable
{
    /// <summary>The configuration, with the targets that were resolved.</summary>
    public abstract AdapterConfig Config { get; }

    /// <summary>The trainable tensors in the model's order.</summary>
    public abstract IReadOnlyList<AdapterParameter> Parameters { get; }

    /// <summary>Number of trainable values.</summary>
    public long TrainableParameters => Parameters.Sum(parameter => parameter.Value.numel());

    /// <summary>Whether training draws random numbers for every row of tokens, so that rows which begin alike still differ.</summary>
    public virtual bool HasDropout => false;

    /// <summary>Whether the adapter changes the input of a projection.</summary>
    protected internal virtual bool ActsBefore(ProjectionSite site) => false;

    /// <summary>Whether the adapter changes the output of a projection.</summary>
    protected internal virtual bool ActsAfter(ProjectionSite site) => false;

    /// <summary>The input <c>[rows, in]</c> that a projection shall see.</summary>
    protected internal virtual Tensor BeforeProjection(ProjectionSite site, Tensor x) => x;

    /// <summary>What follows a projection: <paramref name="y"/> = W x + b <c>[rows, out]</c> becomes what the block goes on with.</summary>
    /// <param name="site">The projection.</param>
    /// <param name="x">Its input <c>[rows, in]</c>.</param>
    /// <param name="y">Its output.</param>
    /// <param name="dropout">The dropout of these rows, or null outside training.</param>
    protected internal virtual Tensor AfterProjection(ProjectionSite site, Tensor x, Tensor y, RowDropout? dropout) => y;

    /// <summary>As above for the rows of a decode step: changes x, a copy of the projection's input, in place.</summary>
    protected internal virtual void BeforeProjection(ProjectionSite site, Rows x) => x.Set(BeforeProjection(site, x.Tensor));

    /// <summary>As above for the rows of a decode step: changes y in place.</summary>
    protected internal virtual void AfterProjection(ProjectionSite site, Rows x, Rows y) => y.Set(AfterProjection(site, x.Tensor, y.Tensor, null));

    /// <summary>The projections that it changes, in the model's order.</summary>
    public abstract IReadOnlyList<ProjectionSite> Targets { get; }

    /// <summary>Weight <c>[out, in]</c> and bias <c>[out]</c> of a targeted projection with the adapter folded in, in fp32.</summary>
    protected internal abstract (Tensor Weight, Tensor? Bias) Merge(ProjectionSite site);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Value.Dispose();
        GC.SuppressFinalize(this);
    }
}
