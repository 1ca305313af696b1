using AlpacaCot.Kernels;

namespace AlpacaCot.Training.Optimisers;

/// <summary>Clipping of gradients by their total norm, as PyTorch's <c>clip_grad_norm_</c> does it.</summary>
public static class GradientClipping
{
    // Keeps the quotient finite for a norm of zero.
    private const double Small = 1e-6;

    /// <summary>The factor on every gradient: min(1, limit / (norm + 10⁻⁶)).</summary>
    public static double Coefficient(double norm, double limit) => Math.Min(1, limit / (norm + Small));

    /// <summary>The p-norm of all gradients taken together; p may be infinite.</summary>
    public static double Norm(IReadOnlyList<Tensor> gradients, double p = 2)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        // Fetched together: what lies on a GPU is then waited for once.
        var norms = gradients.Count == 0 ? [] : torch.stack(gradients.Select(gradient => gradient.to(torch.float32).norm((float)p))).ToArray<float>();
        return double.IsPositiveInfinity(p) ? norms.Max(norm => (double)norm) : Math.Pow(norms.Sum(norm => Math.Pow(norm, p)), 1 / p);
    }
}
