using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Optimisers;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// Adafactor (Shazeer and Stern, 2018, <c>arXiv:1804.04235</c>), in transformers' form. Of a matrix's second moments only the means r of its rows and c of its columns are kept:
/// <code>
/// β = 1 − t^decay_rate        g² = g·g + ε₁
/// r ← β r + (1 − β) mean_columns(g²)        c ← β c + (1 − β) mean_rows(g²)        u = g / √(r cᵀ / mean(r))
/// v ← β v + (1 − β) g²                                                              u = g / √v        (vectors)
/// u ← u / max(1, rms(u) / clip_threshold)        a = lr · (scale_parameter ? max(ε₂, rms(p)) : 1)
/// m ← β₁ m + (1 − β₁) a u                                                           (with beta1; else m = a u)
/// p ← p · (1 − wd · a) − m
/// </code>
/// relative_step: lr = min(10⁻² or, with warmup_init, 10⁻⁶ t, 1/√t).
/// </summary>
internal sealed class Adafactor : Optimiser
{
    private readonly List<Tensor?> _rows, _columns, _whole;
    private readonly List<Tensor>? _first;

    public Adafactor(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings) : base(parameters, settings)
    {
        _rows = NewState("exp_avg_sq_row", value => IsFactored(value) ? value.shape[..^1] : null);
        _columns = NewState("exp_avg_sq_col", value => IsFactored(value) ? [.. value.shape[..^2], value.shape[^1]] : null);
        _whole = NewState("exp_avg_sq", value => IsFactored(value) ? null : value.shape);
        if (Of("beta1") > 0) _first = NewState("exp_avg");
    }

    public override double RateOf(double scheduled) => !OptimiserCatalogue.HasOwnRate(Settings) ? scheduled
        : Math.Min(Of("warmup_init") != 0 ? 1e-6 * (Steps + 1) : 1e-2, 1 / Math.Sqrt(Steps + 1));

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        var beta = 1 - Math.Pow(Steps, Of("decay_rate"));
        for (var i = 0; i < Values.Count; i++)
        {
            var gradient = gradients[i] * gradientScale;
            var update = gradient.mul(Inverse(i, gradient.square().add_(Of("eps1")), beta));
            update.div_(Rms(update).div_(Of("clip_threshold")).clamp_(min: 1));
            var step = torch.tensor((float)Rate(i, learningRate)).On(update.device);
            if (Of("scale_parameter") != 0) step = Rms(Values[i]).clamp_(min: Of("eps2")).mul_(Rate(i, learningRate));
            update.mul_(step);
            if (_first is not null) update = _first[i].mul_(Of("beta1")).add_(update, 1 - Of("beta1"));
            if (Decays[i] != 0) Values[i].sub_(Values[i] * (step * Decays[i]));
            Values[i].sub_(update);
        }
    }

    // What the gradient is multiplied by: one over the root of the second moment, whole or of rows and columns.
    private Tensor Inverse(int i, Tensor square, double beta)
    {
        if (_whole[i] is { } whole) return whole.mul_(beta).add_(square, 1 - beta).rsqrt();
        var rows = _rows[i]!.mul_(beta).add_(square.mean([-1]), 1 - beta);
        var columns = _columns[i]!.mul_(beta).add_(square.mean([-2]), 1 - beta);
        return rows.div(rows.mean([-1], keepdim: true)).rsqrt_().unsqueeze(-1) * columns.rsqrt().unsqueeze(-2);
    }

    private double Of(string argument) => OptimiserCatalogue.Find("adafactor")!.Value(Settings, argument);

    private static bool IsFactored(Tensor value) => value.dim() >= 2;

    private static Tensor Rms(Tensor tensor) => tensor.norm() / Math.Sqrt(tensor.numel());
}
