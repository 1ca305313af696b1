using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>Functions of neural networks, as in <c>torch.nn.functional</c>.</summary>
    public static partial class functional
    {
        /// <summary>
        /// x W^T + b: x <c>[..., in]</c>, weight <c>[out, in]</c>, bias <c>[out]</c>. A few rows without a gradient go through the project's
        /// own matrix-vector kernel.
        /// </summary>
        public static Tensor linear(Tensor x, Tensor weight, Tensor? bias = null) =>
            Kernels.MatVec.Suits(x, weight, bias) ? Kernels.MatVec.Run(x, weight, bias) : Op.linear.Run(x, weight, bias);

        /// <summary>Rows of a table by id: ids int64 <c>[...]</c>, weight <c>[vocabulary, width]</c>.</summary>
        public static Tensor embedding(Tensor ids, Tensor weight) => Op.embedding.Run(weight, ids);

        /// <summary>x * sigmoid(x).</summary>
        public static Tensor silu(Tensor x) => x.silu();

        /// <summary>Gaussian error linear unit; approximate is <c>none</c> or <c>tanh</c>.</summary>
        public static Tensor gelu(Tensor x, string approximate = "none") => x.gelu(approximate);

        /// <summary>max(x, 0).</summary>
        public static Tensor relu(Tensor x) => x.relu();

        /// <summary>Softmax along a dimension, computed and returned in <paramref name="type"/> where given.</summary>
        public static Tensor softmax(Tensor x, int dim, ScalarType? type = null) => x.softmax(dim, type);

        /// <summary>Logarithm of the softmax along a dimension.</summary>
        public static Tensor log_softmax(Tensor x, int dim, ScalarType? type = null) => x.log_softmax(dim, type);

        /// <summary>Zeroes elements with probability p and scales the rest; from the device's default generator.</summary>
        public static Tensor dropout(Tensor x, double p, bool training = true) => Op.dropout.Run(x, p, training);

        /// <summary>Zeroes elements with probability p and scales the rest by 1 / (1 - p); reproducible from the generator.</summary>
        public static Tensor dropout(Tensor x, double p, Generator generator)
        {
            if (p <= 0) return x;
            var mask = empty(x.shape, x.dtype, x.device);
            mask.bernoulli_(1 - p, generator);
            mask.div_(1 - p);
            return x.mul(mask);
        }

        /// <summary>Cross entropy of logits <c>[rows, classes]</c> with int64 targets <c>[rows]</c>.</summary>
        public static Tensor cross_entropy(Tensor logits, Tensor targets, Reduction reduction = Reduction.Mean, long ignore_index = -100, double label_smoothing = 0) =>
            Op.cross_entropy.Run(logits, targets, default, (long)reduction, ignore_index, label_smoothing);

        /// <summary>Negative log-likelihood of log-probabilities <c>[rows, classes]</c> with int64 targets <c>[rows]</c>.</summary>
        public static Tensor nll_loss(Tensor log_probabilities, Tensor targets, Reduction reduction = Reduction.Mean, long ignore_index = -100) =>
            Op.nll_loss.Run(log_probabilities, targets, default, (long)reduction, ignore_index);

        /// <summary>Mean squared error.</summary>
        public static Tensor mse_loss(Tensor x, Tensor target, Reduction reduction = Reduction.Mean) => Op.mse_loss.Run(x, target, (long)reduction);

        /// <summary>Layer normalisation over the last dimension.</summary>
        public static Tensor layer_norm(Tensor x, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
            Op.layer_norm.Run(x, new[] { x.size(-1) }, weight, bias, eps);

        /// <summary>softmax(q k^T * scale + mask) v over <c>[..., heads, tokens, head_dim]</c>; fewer kv heads are repeated.</summary>
        /// <param name="q">Queries <c>[..., heads, q, d]</c>.</param>
        /// <param name="k">Keys <c>[..., kv heads, k, d]</c>.</param>
        /// <param name="v">Values <c>[..., kv heads, k, d]</c>.</param>
        /// <param name="mask">True where attention is allowed, or numbers to add to the scores; broadcast to <c>[..., heads, q, k]</c>.</param>
        /// <param name="is_causal">Query i sees keys up to i + (k - q): the bottom-right corner, which is what a KV cache needs.</param>
        /// <param name="scale">1 / sqrt(d) unless told otherwise.</param>
        public static Tensor scaled_dot_product_attention(Tensor q, Tensor k, Tensor v, Tensor? mask = null, bool is_causal = false, double? scale = null)
        {
            var factor = scale ?? 1 / Math.Sqrt(q.size(-1));
            var groups = q.size(-3) / k.size(-3);
            if (groups > 1) (k, v) = (k.repeat_interleave(groups, -3), v.repeat_interleave(groups, -3));
            if (is_causal)
            {
                var causal = ones([q.size(-2), k.size(-2)], ScalarType.Bool, q.device).tril((int)(k.size(-2) - q.size(-2)));
                mask = mask is null ? causal
                    : mask.dtype == ScalarType.Bool ? mask.logical_and(causal)
                    : mask.masked_fill(causal.logical_not(), double.NegativeInfinity);
            }
            // libtorch's own is taken for its kernels where it has one; on a processor those only pay without a gradient of the mask.
            if (Op.sdpa.Exists) return Op.sdpa.Run(q, k, v, mask, 0.0, false, factor);
            var scores = q.mul(factor).matmul(k.transpose(-2, -1)).to(ScalarType.Float32);
            if (mask is not null)
                scores = mask.dtype == ScalarType.Bool ? scores.masked_fill(mask.logical_not(), double.NegativeInfinity) : scores.add(mask);
            return scores.softmax(-1).to(q.dtype).matmul(v);
        }
    }
}

/// <summary>How a loss is made one number; the numbers are libtorch's.</summary>
public enum Reduction
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>Mean over the rows that are not ignored.</summary>
    Mean = 1,

    /// <summary>Sum.</summary>
    Sum = 2,
}
