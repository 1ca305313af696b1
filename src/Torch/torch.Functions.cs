using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>Matrix product with broadcasting of the leading dimensions.</summary>
    public static Tensor matmul(Tensor a, Tensor b) => Op.matmul.Run(a, b);

    /// <summary>Product of matrices.</summary>
    public static Tensor mm(Tensor a, Tensor b) => Op.mm.Run(a, b);

    /// <summary>Products of matrices in batches.</summary>
    public static Tensor bmm(Tensor a, Tensor b) => Op.bmm.Run(a, b);

    /// <summary>beta * bias + alpha * a @ b.</summary>
    public static Tensor addmm(Tensor bias, Tensor a, Tensor b, Scalar? beta = null, Scalar? alpha = null) => bias.addmm(a, b, beta, alpha);

    /// <summary>Einstein summation.</summary>
    public static Tensor einsum(string equation, params Tensor[] operands) => Op.einsum.Run(equation, operands);

    /// <summary>Outer product of two vectors.</summary>
    public static Tensor outer(Tensor a, Tensor b) => a.outer(b);

    /// <summary>Tensors one behind the other along a dimension.</summary>
    public static Tensor cat(IReadOnlyList<Tensor> tensors, int dim = 0) => Op.cat.Run(Value.List(tensors), dim);

    /// <summary>Tensors side by side along a new dimension.</summary>
    public static Tensor stack(IReadOnlyList<Tensor> tensors, int dim = 0) => Op.stack.Run(Value.List(tensors), dim);

    /// <summary>a where the condition holds, b elsewhere.</summary>
    public static Tensor where(Tensor condition, Tensor a, Tensor b) => Op.where_self.Run(condition, a, b);

    /// <summary>Elementwise larger of two.</summary>
    public static Tensor maximum(Tensor a, Tensor b) => a.maximum(b);

    /// <summary>Elementwise smaller of two.</summary>
    public static Tensor minimum(Tensor a, Tensor b) => a.minimum(b);

    /// <summary>Square root.</summary>
    public static Tensor sqrt(Tensor x) => x.sqrt();

    /// <summary>Reciprocal square root.</summary>
    public static Tensor rsqrt(Tensor x) => x.rsqrt();

    /// <summary>Exponential.</summary>
    public static Tensor exp(Tensor x) => x.exp();

    /// <summary>Natural logarithm.</summary>
    public static Tensor log(Tensor x) => x.log();

    /// <summary>Sine.</summary>
    public static Tensor sin(Tensor x) => x.sin();

    /// <summary>Cosine.</summary>
    public static Tensor cos(Tensor x) => x.cos();

    /// <summary>Hyperbolic tangent.</summary>
    public static Tensor tanh(Tensor x) => x.tanh();

    /// <summary>Logistic function.</summary>
    public static Tensor sigmoid(Tensor x) => x.sigmoid();

    /// <summary>A number to the powers of a tensor.</summary>
    public static Tensor pow(double b, Tensor exponent) => Op.pow_base.Run(b, exponent);

    /// <summary>Softmax along a dimension.</summary>
    public static Tensor softmax(Tensor x, int dim, ScalarType? type = null) => x.softmax(dim, type);

    /// <summary>The lower triangle; the rest is zero.</summary>
    public static Tensor tril(Tensor x, int diagonal = 0) => x.tril(diagonal);

    /// <summary>The upper triangle; the rest is zero.</summary>
    public static Tensor triu(Tensor x, int diagonal = 0) => x.triu(diagonal);

    /// <summary>The k largest values along a dimension and where they are.</summary>
    public static (Tensor values, Tensor indices) topk(Tensor x, int k, int dim = -1) => x.topk(k, dim);

    /// <summary>Draws indices in proportion to the rows' weights.</summary>
    public static Tensor multinomial(Tensor weights, int samples, bool replacement = false, Generator? generator = null) =>
        weights.multinomial(samples, replacement, generator);

    /// <summary>Whether shape and all elements are equal.</summary>
    public static bool equal(Tensor a, Tensor b) => a.equal(b);

    /// <summary>Whether all elements are equal within rtol * |b| + atol.</summary>
    public static bool allclose(Tensor a, Tensor b, double rtol = 1e-5, double atol = 1e-8) => a.allclose(b, rtol, atol);

    /// <summary>Linear algebra (LAPACK).</summary>
    public static class linalg
    {
        /// <summary>Singular value decomposition A = U diag(S) Vh; the thin one unless told otherwise.</summary>
        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor a, bool full_matrices = false) => Op.linalg_svd.Triple(a, full_matrices);

        /// <summary>QR decomposition, the reduced one.</summary>
        public static (Tensor Q, Tensor R) qr(Tensor a) => Op.linalg_qr.Pair(a);

        /// <summary>Eigenvalues, ascending, and eigenvectors of a symmetric matrix.</summary>
        public static (Tensor L, Tensor Q) eigh(Tensor a) => Op.linalg_eigh.Pair(a);

        /// <summary>Inverse of square matrices.</summary>
        public static Tensor inv(Tensor a) => Op.linalg_inv.Run(a);

        /// <summary>x with A x = B.</summary>
        public static Tensor solve(Tensor a, Tensor b) => Op.linalg_solve.Run(a, b);

        /// <summary>Euclidean norm along dimensions.</summary>
        public static Tensor vector_norm(Tensor a, long[]? dims = null, bool keepdim = false, double p = 2) => Op.linalg_norm.Run(a, p, dims, keepdim);
    }
}
