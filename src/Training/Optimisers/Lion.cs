using AlpacaCot.Adapters;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// Lion (Chen et al., 2023, <c>arXiv:2302.06675</c>): the sign of a momentum decides, so that every value moves by the rate:
/// <code>
/// p ← p · (1 − lr · wd) − lr · sign(β₁ m + (1 − β₁) g)
/// m ← β₂ m + (1 − β₂) g
/// </code>
/// </summary>
internal sealed class Lion : Optimiser
{
    private readonly double _beta1, _beta2;
    private readonly List<Tensor> _momentum;

    public Lion(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings, double beta1, double beta2) : base(parameters, settings)
    {
        (_beta1, _beta2) = (beta1, beta2);
        _momentum = NewState("exp_avg");
    }

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        for (var i = 0; i < Values.Count; i++) Update(Values[i], gradients[i] * gradientScale, _momentum[i], Rate(i, learningRate), Decays[i], _beta1, _beta2);
    }

    /// <summary>One step of one parameter.</summary>
    public static void Update(Tensor p, Tensor gradient, Tensor momentum, double rate, double decay, double beta1, double beta2)
    {
        var direction = (momentum * beta1).add_(gradient, 1 - beta1).sign();
        p.mul_(1 - rate * decay).add_(direction, -rate);
        momentum.mul_(beta2).add_(gradient, 1 - beta2);
    }
}
