using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Lora;

/// <summary>Plain LoRA at one projection: <c>y + s · B A x</c>. DoRA and PiSSA derive from it.</summary>
/// <param name="site">The projection.</param>
/// <param name="a">A <c>[r, in]</c>.</param>
/// <param name="b">B <c>[out, r]</c>.</param>
/// <param name="scaling">s.</param>
internal class LoraLayer(ProjectionSite site, Tensor a, Tensor b, double scaling)
{
    public ProjectionSite Site => site;

    public Tensor A => a;

    public Tensor B => b;

    public double Scaling => scaling;

    /// <summary>Parameters by the end of their key.</summary>
    public virtual IEnumerable<(string Key, Tensor Value)> Parameters => [("lora_A.weight", a), ("lora_B.weight", b)];

    /// <summary>The output that the block goes on with.</summary>
    /// <param name="x">The input.</param>
    /// <param name="y">W x + b.</param>
    /// <param name="dropout">What of x the update does not see; null where it sees all.</param>
    public virtual Tensor Forward(Tensor x, Tensor y, RowMask? dropout) => Functional.LowRank(x, a, b, scaling, y, dropout);

    /// <summary>Whether that is done on the rows of a decode step themselves.</summary>
    public virtual bool ActsInPlace => true;

    /// <summary>As above for the rows of a decode step: changes y in place.</summary>
    public virtual void Forward(Rows x, Rows y) => RowFunctional.LowRank(x, a, b, scaling, y);

    /// <summary>Weight and bias with the update folded in.</summary>
    public virtual (Tensor Weight, Tensor? Bias) Merge() => (site.Weights.Dequantise() + Delta(), site.Weights.Bias);

    /// <summary>What is added to the base's weight, as two matrices whose product it is but for s: those of the layer itself, or more where it takes something away.</summary>
    public virtual (Tensor A, Tensor B) Factors => (a, b);

    /// <summary>The parameters have other values.</summary>
    public virtual void ValuesChanged() { }

    /// <summary>Frees what is no parameter.</summary>
    public virtual void Dispose() { }

    protected Tensor Delta() => torch.mm(b, a) * scaling;
}
