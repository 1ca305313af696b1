using AlpacaCot.Torch.Kernels;

namespace AlpacaCot.Torch;

public static partial class torch
{
    /// <summary>
    /// Kernels of the project's own for the processor, in <c>System.Runtime.Intrinsics</c>, parallel over libtorch's threads.
    /// The same inputs give the same bits whatever the number of threads.
    /// </summary>
    public static class kernels
    {
        /// <summary>Losses of rows of logits, and the logits overwritten by the gradient of the weighted sum of these losses; fp32 inside.</summary>
        /// <param name="logits"><c>[rows, classes]</c> fp32 or bf16, contiguous.</param>
        /// <param name="targets">A class per row.</param>
        /// <param name="weights">A weight per row.</param>
        /// <param name="losses">Receives -log softmax(logits)[target] per row.</param>
        /// <exception cref="TorchException">Sizes do not fit, or a target is no class.</exception>
        public static void cross_entropy_(Tensor logits, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> losses)
        {
            if (weights.Length != targets.Length) throw new TorchException($"cross_entropy_: {weights.Length} weights for {targets.Length} targets");
            if (targets.Length > 0) CrossEntropy.Run(logits, targets, weights, losses);
        }

        /// <summary>Losses of rows of logits, -log softmax(logits)[target]; the logits stay as they are.</summary>
        /// <exception cref="TorchException">Sizes do not fit, or a target is no class.</exception>
        public static void cross_entropy_losses(Tensor logits, ReadOnlySpan<int> targets, Span<float> losses)
        {
            if (targets.Length > 0) CrossEntropy.Run(logits, targets, default, losses);
        }

        /// <summary>
        /// One step of AdamW over all parameters: p ← p (1 - lr·decay), moments updated, then
        /// p ← p - lr / (1 - β1^t) · m / (sqrt(v) / sqrt(1 - β2^t) + eps).
        /// </summary>
        /// <param name="parameters">fp32, contiguous.</param>
        /// <param name="gradients">One per parameter.</param>
        /// <param name="exp_avg">First moments m.</param>
        /// <param name="exp_avg_sq">Second moments v.</param>
        /// <param name="lr">Learning rate.</param>
        /// <param name="beta1">Decay of m.</param>
        /// <param name="beta2">Decay of v.</param>
        /// <param name="eps">Added to the denominator, after the bias correction.</param>
        /// <param name="weight_decay">One per parameter.</param>
        /// <param name="step">t, from 1 on.</param>
        /// <param name="grad_scale">Multiplies the gradients first (clipping).</param>
        /// <exception cref="TorchException">Sizes or types do not fit.</exception>
        public static void adamw_(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> exp_avg, IReadOnlyList<Tensor> exp_avg_sq,
            double lr, double beta1, double beta2, double eps, ReadOnlySpan<double> weight_decay, long step, double grad_scale = 1) =>
            AdamW.Run(parameters, gradients, exp_avg, exp_avg_sq, lr, beta1, beta2, eps, weight_decay, step, grad_scale);
    }
}
