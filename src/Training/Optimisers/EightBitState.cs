using AlpacaCot.Kernels;

namespace AlpacaCot.Training.Optimisers;

/// <summary>
/// A state of 8 bits a value (Dettmers et al., 2022, <c>arXiv:2110.02861</c>): blocks of 256 values, each a code of the dynamic data type times the block's largest absolute value.
/// A step dequantises it, changes it in fp32 and quantises it again.
/// </summary>
internal static class EightBitState
{
    /// <summary>Smaller tensors keep 32 bits, as in bitsandbytes: they hold little, and scales of biases matter.</summary>
    public const int LeastValues = 4096;

    /// <summary>Whether a parameter's state is held in 8 bits.</summary>
    public static bool Holds(Tensor value) => value.numel() >= LeastValues;

    /// <summary>How many blocks a parameter's state has.</summary>
    public static long Blocks(Tensor value) => (value.numel() + EightBitCode.Block - 1) / EightBitCode.Block;

    /// <summary>The state in fp32, in the shape of its codes.</summary>
    public static Tensor Dequantise(Tensor codes, Tensor largest, EightBitCode code)
    {
        var (from, scales) = (codes.ToArray<byte>(), largest.ToArray<float>());
        var values = new float[from.Length];
        Parallel.For(0, scales.Length, block =>
        {
            var end = Math.Min(from.Length, (block + 1) * EightBitCode.Block);
            for (var i = block * EightBitCode.Block; i < end; i++) values[i] = code.Values[from[i]] * scales[block];
        });
        return torch.tensor(values).to(codes.device).view(codes.shape);
    }

    /// <summary>Puts a state of fp32 into its codes.</summary>
    public static void Quantise(Tensor state, Tensor codes, Tensor largest, EightBitCode code)
    {
        var from = state.ToArray<float>();
        var (to, scales) = (new byte[from.Length], new float[largest.numel()]);
        Parallel.For(0, scales.Length, block =>
        {
            var start = block * EightBitCode.Block;
            var length = Math.Min(EightBitCode.Block, from.Length - start);
            scales[block] = code.Quantise(from.AsSpan(start, length), to.AsSpan(start, length));
        });
        codes.copy_(torch.tensor(to).view(codes.shape));
        largest.copy_(torch.tensor(scales));
    }
}
