using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public sealed partial class Tensor
{
    /// <summary>Matrix product with PyTorch's broadcasting of the leading dimensions.</summary>
    public Tensor matmul(Tensor other) => Op.matmul.Run(this, other);

    /// <summary>Product of matrices <c>[n, k] x [k, m]</c>.</summary>
    public Tensor mm(Tensor other) => Op.mm.Run(this, other);

    /// <summary>Products of matrices <c>[b, n, k] x [b, k, m]</c>.</summary>
    public Tensor bmm(Tensor other) => Op.bmm.Run(this, other);

    /// <summary>Product of a matrix and a vector.</summary>
    public Tensor mv(Tensor vector) => Op.mv.Run(this, vector);

    /// <summary>Inner product of two vectors.</summary>
    public Tensor dot(Tensor other) => Op.dot.Run(this, other);

    /// <summary>beta * this + alpha * a @ b.</summary>
    public Tensor addmm(Tensor a, Tensor b, Scalar? beta = null, Scalar? alpha = null) => Op.addmm.Run(this, a, b, beta ?? 1, alpha ?? 1);

    /// <summary>beta * this + alpha * a @ b over batches.</summary>
    public Tensor baddbmm(Tensor a, Tensor b, Scalar? beta = null, Scalar? alpha = null) => Op.baddbmm.Run(this, a, b, beta ?? 1, alpha ?? 1);

    /// <summary>Outer product of two vectors.</summary>
    public Tensor outer(Tensor other) => Op.outer.Run(this, other);

    /// <summary>Softmax along a dimension, computed and returned in <paramref name="type"/> where given.</summary>
    public Tensor softmax(int dim, ScalarType? type = null) => Op.softmax.Run(this, dim, type);

    /// <summary>Logarithm of the softmax along a dimension.</summary>
    public Tensor log_softmax(int dim, ScalarType? type = null) => Op.log_softmax.Run(this, dim, type);

    /// <summary>log(sum(exp(x))) along a dimension.</summary>
    public Tensor logsumexp(int dim, bool keepdim = false) => Op.logsumexp.Run(this, new long[] { dim }, keepdim);

    /// <summary>Sum of all elements.</summary>
    public Tensor sum(ScalarType? type = null) => Op.sum.Run(this, type);

    /// <summary>Sum along a dimension.</summary>
    public Tensor sum(int dim, bool keepdim = false, ScalarType? type = null) => Op.sum_dim.Run(this, new long[] { dim }, keepdim, type);

    /// <summary>Sum along dimensions.</summary>
    public Tensor sum(long[] dims, bool keepdim = false, ScalarType? type = null) => Op.sum_dim.Run(this, dims, keepdim, type);

    /// <summary>Mean of all elements.</summary>
    public Tensor mean(ScalarType? type = null) => Op.mean.Run(this, type);

    /// <summary>Mean along a dimension.</summary>
    public Tensor mean(int dim, bool keepdim = false, ScalarType? type = null) => Op.mean_dim.Run(this, new long[] { dim }, keepdim, type);

    /// <summary>Mean along dimensions.</summary>
    public Tensor mean(long[] dims, bool keepdim = false, ScalarType? type = null) => Op.mean_dim.Run(this, dims, keepdim, type);

    /// <summary>Product of all elements.</summary>
    public Tensor prod() => Op.prod.Run(this);

    /// <summary>Variance along a dimension; correction 1 is the unbiased one.</summary>
    public Tensor var(int dim, int correction = 1, bool keepdim = false) => Op.var.Run(this, new long[] { dim }, correction, keepdim);

    /// <summary>Standard deviation along a dimension.</summary>
    public Tensor std(int dim, int correction = 1, bool keepdim = false) => Op.std.Run(this, new long[] { dim }, correction, keepdim);

    /// <summary>Largest values along a dimension.</summary>
    public Tensor amax(int dim, bool keepdim = false) => Op.amax.Run(this, new long[] { dim }, keepdim);

    /// <summary>Smallest values along a dimension.</summary>
    public Tensor amin(int dim, bool keepdim = false) => Op.amin.Run(this, new long[] { dim }, keepdim);

    /// <summary>Largest element.</summary>
    public Tensor max() => Op.max.Run(this);

    /// <summary>Largest values along a dimension and where they are.</summary>
    public (Tensor values, Tensor indices) max(int dim, bool keepdim = false) => Op.max_dim.Pair(this, dim, keepdim);

    /// <summary>Smallest element.</summary>
    public Tensor min() => Op.min.Run(this);

    /// <summary>Smallest values along a dimension and where they are.</summary>
    public (Tensor values, Tensor indices) min(int dim, bool keepdim = false) => Op.min_dim.Pair(this, dim, keepdim);

    /// <summary>Index of the largest value along a dimension.</summary>
    public Tensor argmax(int dim = -1, bool keepdim = false) => Op.argmax.Run(this, dim, keepdim);

    /// <summary>Index of the smallest value along a dimension.</summary>
    public Tensor argmin(int dim = -1, bool keepdim = false) => Op.argmin.Run(this, dim, keepdim);

    /// <summary>Euclidean (or p-) norm of all elements.</summary>
    public Tensor norm(double p = 2) => Op.norm.Run(this, p);

    /// <summary>Euclidean (or p-) norm along a dimension.</summary>
    public Tensor norm(int dim, bool keepdim = false, double p = 2) => Op.norm_dim.Run(this, p, new long[] { dim }, keepdim);

    /// <summary>The k largest (or smallest) values along a dimension and where they are.</summary>
    public (Tensor values, Tensor indices) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => Op.topk.Pair(this, k, dim, largest, sorted);

    /// <summary>Sorted along a dimension, and where each element came from.</summary>
    public (Tensor values, Tensor indices) sort(int dim = -1, bool descending = false, bool stable = false) => Op.sort_stable.Pair(this, stable, dim, descending);

    /// <summary>Indices that sort along a dimension.</summary>
    public Tensor argsort(int dim = -1, bool descending = false) => Op.argsort.Run(this, dim, descending);

    /// <summary>Running sums along a dimension.</summary>
    public Tensor cumsum(int dim, ScalarType? type = null) => Op.cumsum.Run(this, dim, type);

    /// <summary>Where it is not zero, <c>[n, dims]</c>.</summary>
    public Tensor nonzero() => Op.nonzero.Run(this);

    /// <summary>Draws indices in proportion to the rows' weights, <c>[rows, samples]</c>.</summary>
    public Tensor multinomial(int samples, bool replacement = false, Generator? generator = null) => Op.multinomial.Run(this, samples, replacement, generator);

    /// <summary>Whether all elements hold.</summary>
    public Tensor all() => Op.all.Run(this);

    /// <summary>Whether all elements hold along a dimension.</summary>
    public Tensor all(int dim, bool keepdim = false) => Op.all_dim.Run(this, dim, keepdim);

    /// <summary>Whether any element holds.</summary>
    public Tensor any() => Op.any.Run(this);

    /// <summary>Whether any element holds along a dimension.</summary>
    public Tensor any(int dim, bool keepdim = false) => Op.any_dim.Run(this, dim, keepdim);

    /// <summary>Whether shape and all elements are equal.</summary>
    public bool equal(Tensor other) => Op.equal.Bool(this, other);

    /// <summary>Whether all elements are equal within rtol * |other| + atol.</summary>
    public bool allclose(Tensor other, double rtol = 1e-5, double atol = 1e-8) => Op.allclose.Bool(this, other, rtol, atol);

    /// <summary>Where it is not a number.</summary>
    public Tensor isnan() => Op.isnan.Run(this);

    /// <summary>Where it is infinite.</summary>
    public Tensor isinf() => Op.isinf.Run(this);

    /// <summary>Where it is neither infinite nor not a number.</summary>
    public Tensor isfinite() => Op.isfinite.Run(this);

    /// <summary>Where it equals the other.</summary>
    public Tensor eq(Tensor other) => Op.eq_Tensor.Run(this, other);

    /// <summary>Where it equals a number.</summary>
    public Tensor eq(Scalar other) => Op.eq_Scalar.Run(this, other);

    /// <summary>Where it differs from the other.</summary>
    public Tensor ne(Tensor other) => Op.ne_Tensor.Run(this, other);

    /// <summary>Where it differs from a number.</summary>
    public Tensor ne(Scalar other) => Op.ne_Scalar.Run(this, other);

    /// <summary>Where it is greater.</summary>
    public Tensor gt(Tensor other) => Op.gt_Tensor.Run(this, other);

    /// <summary>Where it is greater than a number.</summary>
    public Tensor gt(Scalar other) => Op.gt_Scalar.Run(this, other);

    /// <summary>Where it is greater or equal.</summary>
    public Tensor ge(Tensor other) => Op.ge_Tensor.Run(this, other);

    /// <summary>Where it is greater than or equal to a number.</summary>
    public Tensor ge(Scalar other) => Op.ge_Scalar.Run(this, other);

    /// <summary>Where it is less.</summary>
    public Tensor lt(Tensor other) => Op.lt_Tensor.Run(this, other);

    /// <summary>Where it is less than a number.</summary>
    public Tensor lt(Scalar other) => Op.lt_Scalar.Run(this, other);

    /// <summary>Where it is less or equal.</summary>
    public Tensor le(Tensor other) => Op.le_Tensor.Run(this, other);

    /// <summary>Where it is less than or equal to a number.</summary>
    public Tensor le(Scalar other) => Op.le_Scalar.Run(this, other);

    /// <summary>Logical not.</summary>
    public Tensor logical_not() => Op.logical_not.Run(this);

    /// <summary>Logical and.</summary>
    public Tensor logical_and(Tensor other) => Op.logical_and.Run(this, other);

    /// <summary>Logical or.</summary>
    public Tensor logical_or(Tensor other) => Op.logical_or.Run(this, other);

    /// <summary>Bits in common with a number.</summary>
    public Tensor bitwise_and(Scalar other) => Op.bitwise_and_Scalar.Run(this, other);

    /// <summary>Bits of either.</summary>
    public Tensor bitwise_or(Tensor other) => Op.bitwise_or_Tensor.Run(this, other);

    /// <summary>Bits moved up.</summary>
    public Tensor bitwise_left_shift(Scalar by) => Op.bitwise_shl.Run(this, by);

    /// <summary>Bits moved down.</summary>
    public Tensor bitwise_right_shift(Scalar by) => Op.bitwise_shr.Run(this, by);
}
