using System.Runtime.CompilerServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Weights of four bits as bitsandbytes lays them out: blocks along the row-major weight, each divided by its largest absolute value; two codes a byte,
/// the first in the high half.
/// </summary>
public static unsafe class FourBit
{
    /// <summary>Weights of a block, where nothing else is said.</summary>
    public const int UsualBlock = 64;

    private const int WeightsPerPart = 1 << 16;

    // The reference's own bound: the inverse of what is smaller would be infinite.
    private const float Smallest = 1e-38f;

    private struct Context
    {
        internal float* Weights, Largest;
        internal byte* Packed;
        internal long Count;
        internal int Block, Blocks, BlocksPerPart;
        internal fixed float Values[16];
        internal bool IsFp4;

        internal readonly FourBitCode Code => IsFp4 ? FourBitCode.Fp4 : FourBitCode.Nf4;
    }

    /// <summary>Blocks of so many weights; the last one may be short.</summary>
    public static int Blocks(long weights, int block = UsualBlock) => checked((int)((weights + block - 1) / block));

    /// <summary>Quantises fp32 weights.</summary>
    /// <param name="code">The data type.</param>
    /// <param name="weights">A contiguous fp32 tensor on the processor.</param>
    /// <param name="packed">Receives two codes a byte; an odd end is filled with the code of zero.</param>
    /// <param name="largest">Receives the largest absolute value of each block.</param>
    /// <param name="block">Weights of a block, an even number.</param>
    /// <exception cref="ArgumentException">Sizes or types do not fit.</exception>
    public static void Quantise(FourBitCode code, Tensor weights, Span<byte> packed, Span<float> largest, int block = UsualBlock)
        => ForBlocks(code, weights, packed, largest, block, &QuantisePart);

    /// <summary>The weights that codes stand for, code · largest of the block, into a contiguous fp32 tensor on the processor.</summary>
    /// <exception cref="ArgumentException">Sizes or types do not fit.</exception>
    public static void Dequantise(FourBitCode code, ReadOnlySpan<byte> packed, ReadOnlySpan<float> largest, Tensor weights, int block = UsualBlock)
        => ForBlocks(code, weights, packed, largest, block, &DequantisePart);

    private static void ForBlocks(FourBitCode code, Tensor weights, ReadOnlySpan<byte> packed, ReadOnlySpan<float> largest, int block, delegate*<void*, int, void> part)
    {
        var context = Check(weights, packed.Length, largest.Length, block);
        context.IsFp4 = ReferenceEquals(code, FourBitCode.Fp4);
        code.Values.CopyTo(new Span<float>(context.Values, 16));
        fixed (byte* p = packed)
        fixed (float* l = largest)
        {
            context.Packed = p;
            context.Largest = l;
            Threads.For(Threads.Parts(context.Blocks, context.BlocksPerPart), part, &context);
        }
    }

    private static Context Check(Tensor weights, int packed, int largest, int block)
    {
        var count = weights.numel();
        if (weights.dtype != float32 || weights.device_type != DeviceType.CPU || !weights.is_contiguous() || block < 2 || block % 2 != 0
            || packed != (count + 1) / 2 || largest != Blocks(count, block))
            throw new ArgumentException($"four_bit: weights {weights.Describe()} do not fit {packed} bytes of codes and {largest} blocks of {block}");
        return new Context { Weights = (float*)weights.Pointer(), Count = count, Block = block, Blocks = Blocks(count, block), BlocksPerPart = Math.Max(1, WeightsPerPart / block) };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuantisePart(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        for (int block = part * c.BlocksPerPart, end = Math.Min(c.Blocks, block + c.BlocksPerPart); block < end; block++)
        {
            var start = (long)block * c.Block;
            var values = new ReadOnlySpan<float>(c.Weights + start, (int)Math.Min(c.Block, c.Count - start));
            c.Largest[block] = Quantise(c.Code, values, new Span<byte>(c.Packed + start / 2, (values.Length + 1) / 2), values.Length == c.Block);
        }
    }

    private static float Quantise(FourBitCode code, ReadOnlySpan<float> values, Span<byte> packed, bool whole)
    {
        var most = 0f;
        foreach (var value in values) most = Math.Max(most, Math.Abs(value));
        // The reference multiplies whole blocks by the inverse and divides a short one.
        var divisor = Math.Max(most, Smallest);
        var inverse = 1 / divisor;
        byte Code(float value) => code.Nearest(whole ? value * inverse : value / divisor);
        for (var i = 0; i < values.Length; i += 2)
            packed[i / 2] = (byte)(Code(values[i]) << 4 | (i + 1 < values.Length ? Code(values[i + 1]) : code.Nearest(0)));
        return most;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DequantisePart(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var numbers = new FourBitNumbers(((Context*)context)->Values);
        for (int block = part * c.BlocksPerPart, end = Math.Min(c.Blocks, block + c.BlocksPerPart); block < end; block++)
        {
            var scale = c.Largest[block];
            long i = (long)block * c.Block, last = Math.Min(c.Count, i + c.Block);
            for (; i + FourBitNumbers.Granule <= last; i += FourBitNumbers.Granule) numbers.Write(c.Packed + i / 2, scale, c.Weights + i);
            for (; i < last; i++)
                c.Weights[i] = c.Values[i % 2 == 0 ? c.Packed[i / 2] >> 4 : c.Packed[i / 2] & 15] * scale;
        }
    }
}
