using AlpacaCot.Adapters;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Optimisers;

/// <summary><see cref="Lion"/> whose momentum of large tensors is held in 8 bits between steps (<see cref="EightBitState"/>).</summary>
internal sealed class Lion8Bit : Optimiser
{
    private readonly double _beta1, _beta2;
    private readonly List<Tensor?> _whole, _codes, _largest;

    public Lion8Bit(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings, double beta1, double beta2) : base(parameters, settings)
    {
        (_beta1, _beta2) = (beta1, beta2);
        _whole = NewState("exp_avg", value => EightBitState.Holds(value) ? null : value.shape);
        _codes = NewState("exp_avg_codes", value => EightBitState.Holds(value) ? value.shape : null, ScalarType.Byte);
        _largest = NewState("exp_avg_largest", value => EightBitState.Holds(value) ? [EightBitState.Blocks(value)] : null);
    }

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        for (var i = 0; i < Values.Count; i++)
        {
            using var scope = torch.NewDisposeScope();
            var momentum = _whole[i] ?? EightBitState.Dequantise(_codes[i]!, _largest[i]!, EightBitCode.Signed);
            Lion.Update(Values[i], gradients[i] * gradientScale, momentum, Rate(i, learningRate), Decays[i], _beta1, _beta2);
            if (_whole[i] is null) EightBitState.Quantise(momentum, _codes[i]!, _largest[i]!, EightBitCode.Signed);
        }
    }
}
