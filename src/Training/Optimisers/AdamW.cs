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
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly IReadOnlyList<AdapterParameter> _parameters;
    private readonly TrainingSpec _settings;
    private readonly List<Tensor> _values;
    private readonly double[] _decay;
    private readonly List<Tensor> _first;
    private readonly List<Tensor> _second;

    /// <summary>Starts with moments of zero.</summary>
    /// <param name="parameters">What is updated; their gradients are read from the tensors.</param>
    /// <param name="settings">Betas, epsilon and weight decay.</param>
    public AdamW(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings)
    {
        (_parameters, _settings) = (parameters, settings);
        _values = [.. parameters.Select(parameter => parameter.Value)];
        _decay = [.. parameters.Select(parameter => parameter.Decays ? settings.WeightDecay : 0)];
        _first = _values.ConvertAll(Zeros);
        _second = _values.ConvertAll(Zeros);
    }

    /// <summary>Updates made so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Drops the gradients.</summary>
    public void ZeroGrad()
    {
        foreach (var value in _values) value.grad = null;
    }

    /// <summary>The norm of all gradients together.</summary>
    public double GradNorm()
    {
        using var scope = torch.NewDisposeScope();
        return GradientClipping.Norm(Gradients());
    }

    /// <summary>Key of the first parameter whose gradient is infinite or not a number.</summary>
    public string FirstNonFinite()
    {
        using var scope = torch.NewDisposeScope();
        var gradients = Gradients();
        var at = gradients.FindIndex(gradient => !double.IsFinite(gradient.norm().item<float>()));
        return at < 0 ? "all parameters together" : _parameters[at].Key;
    }

    /// <summary>Makes one update.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="gradientScale">Multiplies the gradients first: the clipping coefficient.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        using var scope = torch.NewDisposeScope();
        var s = _settings;
        AdamWStep.Apply(_values, Gradients(), _first, _second, learningRate, s.AdamBeta1, s.AdamBeta2, s.AdamEpsilon, _decay, ++Steps, gradientScale);
    }

    /// <summary>Values and moments by name, for a checkpoint.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State()
    {
        for (var i = 0; i < _parameters.Count; i++)
        {
            yield return KeyValuePair.Create("value." + _parameters[i].Key, _values[i].detach());
            yield return KeyValuePair.Create("exp_avg." + _parameters[i].Key, _first[i]);
            yield return KeyValuePair.Create("exp_avg_sq." + _parameters[i].Key, _second[i]);
        }
    }

    /// <summary>Goes on from a checkpoint.</summary>
    internal void Restore(IReadOnlyDictionary<string, Tensor> state, int steps)
    {
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        foreach (var (name, tensor) in State()) tensor.copy_(state[name]);
        Steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var moment in _first.Concat(_second)) moment.Dispose();
    }

    // A parameter that nothing used has no gradient: it counts as zero, so that moments and decay go on.
    private List<Tensor> Gradients() => _values.ConvertAll(value => value.grad ?? torch.zeros_like(value));

    private static Tensor Zeros(Tensor value)
    {
        using var frozen = torch.no_grad();
        return torch.zeros_like(value).DetachFromDisposeScope();
    }
}
