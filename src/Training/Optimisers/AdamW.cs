using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019, <c>arXiv:1711.05101</c>), over all parameters of a member at once:
/// <code>
/// p ← p · (1 − lr · wd)
/// m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
/// p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
/// </code>
/// Coupled (Kingma and Ba, 2015, <c>arXiv:1412.6980</c>): g ← g + wd · p in place of the first line. With amsgrad the largest v so far takes v's place in the last.
/// </summary>
public sealed class AdamW : Optimiser
{
    private readonly bool _coupled;
    private readonly List<Tensor> _first;
    private readonly List<Tensor> _second;
    private readonly List<Tensor>? _largest;

    /// <summary>Starts with moments of zero.</summary>
    /// <param name="parameters">What is updated; their gradients are read from the tensors.</param>
    /// <param name="settings">Betas, epsilon and weight decay.</param>
    /// <param name="coupled">Whether the weight decay is part of the gradient: Adam.</param>
    public AdamW(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings, bool coupled = false) : base(parameters, settings)
    {
        _coupled = coupled;
        _first = NewState("exp_avg");
        _second = NewState("exp_avg_sq");
        if (settings.OptimizerArguments.GetValueOrDefault("amsgrad") != 0) _largest = NewState("max_exp_avg_sq");
    }

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        var s = Settings;
        if (_coupled)
        {
            gradients = [.. gradients.Select((gradient, i) => Decays[i] == 0 ? gradient * gradientScale : (gradient * gradientScale).add_(Values[i], Decays[i]))];
            gradientScale = 1;
        }
        if (_largest is not null)
        {
            for (var i = 0; i < Values.Count; i++) UpdateByLargest(i, gradients[i] * gradientScale, Rate(i, learningRate));
            return;
        }
        foreach (var group in Enumerable.Range(0, Values.Count).GroupBy(i => Rate(i, learningRate)))
        {
            List<Tensor> Of(List<Tensor> all) => [.. group.Select(i => all[i])];
            AdamWStep.Apply(Of(Values), Of(gradients), Of(_first), Of(_second), group.Key, s.AdamBeta1, s.AdamBeta2, s.AdamEpsilon, [.. group.Select(i => _coupled ? 0 : Decays[i])], Steps, gradientScale);
        }
    }

    private void UpdateByLargest(int i, Tensor gradient, double rate)
    {
        var (p, m, v, largest, s) = (Values[i], _first[i], _second[i], _largest![i], Settings);
        if (!_coupled) p.mul_(1 - rate * Decays[i]);
        m.mul_(s.AdamBeta1).add_(gradient, 1 - s.AdamBeta1);
        v.mul_(s.AdamBeta2).addcmul_(gradient, gradient, 1 - s.AdamBeta2);
        largest.copy_(torch.maximum(largest, v));
        p.addcdiv_(m, largest.sqrt() / Math.Sqrt(1 - Math.Pow(s.AdamBeta2, Steps)) + s.AdamEpsilon, -rate / (1 - Math.Pow(s.AdamBeta1, Steps)));
    }
}
