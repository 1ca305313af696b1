namespace AlpacaCot.Models;

/// <summary>A frozen linear map <c>y = W x + b</c>, whatever W is stored as (fp32, bf16, int8, NF4).</summary>
public abstract class Projection : IDisposable
{
    /// <summary>Width of the input.</summary>
    public abstract int In { get; }

    /// <summary>Width of the output.</summary>
    public abstract int Out { get; }

    /// <summary>The bias <c>[out]</c>, or null.</summary>
    public abstract Tensor? Bias { get; }

    /// <summary>Whether the weight lies as <c>[in, out]</c> in the file (GPT-2's), where others lie as <c>[out, in]</c>.</summary>
    public virtual bool StoredTurned => false;

    /// <summary>Computes <c>y = W x + b</c> for <c>[tokens, in]</c>; the gradient flows to x alone unless the weight itself is trained.</summary>
    public abstract Tensor Forward(Tensor x);

    /// <summary>W x alone, without the bias, for methods that rescale it (DoRA); gradients flow as in <see cref="Forward"/>.</summary>
    public abstract Tensor Multiply(Tensor x);

    /// <summary>The Euclidean norm of each row of W, fp32 <c>[out]</c>; the caller's to dispose of.</summary>
    public virtual Tensor RowNorms()
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        return Dequantise().norm(1, keepdim: false, p: 2).MoveToOuterDisposeScope();
    }

    /// <summary>W <c>[out, in]</c> in fp32 (a copy where it is stored otherwise), for norms, merging and initialisation from the weight.</summary>
    public abstract Tensor Dequantise();

    /// <summary>Replaces W (merging). Quantises again where the storage is quantised.</summary>
    public abstract void Replace(Tensor weight, Tensor? bias);

    /// <summary>Gives up what is kept beside the weight itself; the weight is the decoder's.</summary>
    public abstract void Dispose();
}
