using AlpacaCot.Adapters;
using AlpacaCot.Kernels;
using AlpacaCot.Specs;

namespace AlpacaCot.Training.Optimisers;

/// <summary><see cref="AdamW"/> whose moments of large tensors are held in 8 bits between steps, the first signed, the second not (<see cref="EightBitState"/>).</summary>
internal sealed class AdamW8Bit : Optimiser
{
    private readonly List<Tensor?> _first, _second, _firstCodes, _secondCodes, _firstLargest, _secondLargest;

    public AdamW8Bit(IReadOnlyList<AdapterParameter> parameters, TrainingSpec settings) : base(parameters, settings)
    {
        static long[]? Whole(Tensor value) => EightBitState.Holds(value) ? null : value.shape;
        static long[]? Codes(Tensor value) => EightBitState.Holds(value) ? value.shape : null;
        static long[]? Blocks(Tensor value) => EightBitState.Holds(value) ? [EightBitState.Blocks(value)] : null;
        (_first, _second) = (NewState("exp_avg", Whole), NewState("exp_avg_sq", Whole));
        (_firstCodes, _secondCodes) = (NewState("exp_avg_codes", Codes, ScalarType.Byte), NewState("exp_avg_sq_codes", Codes, ScalarType.Byte));
        (_firstLargest, _secondLargest) = (NewState("exp_avg_largest", Blocks), NewState("exp_avg_sq_largest", Blocks));
    }

    private protected override void Update(List<Tensor> gradients, double learningRate, double gradientScale)
    {
        for (var i = 0; i < Values.Count; i++)
        {
            using var scope = torch.NewDisposeScope(); // one parameter's moments in fp32 at a time
            var held = EightBitState.Holds(Values[i]);
            var first = held ? EightBitState.Dequantise(_firstCodes[i]!, _firstLargest[i]!, EightBitCode.Signed) : _first[i]!;
            var second = held ? EightBitState.Dequantise(_secondCodes[i]!, _secondLargest[i]!, EightBitCode.Unsigned) : _second[i]!;
            AdamWStep.Apply([Values[i]], [gradients[i]], [first], [second], Rate(i, learningRate), Settings.AdamBeta1, Settings.AdamBeta2, Settings.AdamEpsilon, [Decays[i]], Steps, gradientScale);
            if (!held) continue;
            EightBitState.Quantise(first, _firstCodes[i]!, _firstLargest[i]!, EightBitCode.Signed);
            EightBitState.Quantise(second, _secondCodes[i]!, _secondLargest[i]!, EightBitCode.Unsigned);
        }
    }
}
