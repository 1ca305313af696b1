using AlpacaCot.Adapters;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// Stochastic gradient descent as torch has it, with momentum μ and dampening d:
/// <code>
/// g ← g + wd · p
/// b ← μ b + (1 − d) g        (b ← g at the first step)
/// p ← p − lr · b             (Nesterov: p ← p − lr · (g + μ b);  without momentum: p ← p − lr · g)
/// </code>
/// </summary>
internal sealed class Sgd : Optimiser
{
    private readonly double _momentum, _dampening;
    private readonly bool _nesterov;
    private readonly List<Tensor>? _buffers;

    public Sgd(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings, double momentum, double dampening, bool nesterov) : base(parameters, settings)
    {
        (_momentum, _dampening, _nesterov) = (momentum, dampening, nesterov);
        if (momentum != 0) _buffers = NewState("momentum_buffer");
    }

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        for (var i = 0; i < Values.Count; i++)
        {
            var direction = gradients[i] * gradientScale;
            if (Decays[i] != 0) direction.add_(Values[i], Decays[i]);
            if (_buffers is not null)
            {
                var buffer = _buffers[i];
                if (Steps == 1) buffer.copy_(direction);
                else buffer.mul_(_momentum).add_(direction, 1 - _dampening);
                direction = _nesterov ? direction.add(buffer, _momentum) : buffer;
            }
            Values[i].add_(direction, -Rate(i, learningRate));
        }
    }
}
