using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// The 4-bit NormalFloat of QLoRA (Dettmers et al. 2023) as bitsandbytes lays it out: blocks of 64 along the row-major weight, each divided by its largest
/// absolute value; two codes a byte, the first in the high half.
/// </summary>
public static unsafe class Nf4
{
    /// <summary>Weights of a block.</summary>
    public const int Block = 64;

    private const int BlocksPerPart = 1024;

    /// <summary>The values of the sixteen codes: quantiles of the normal distribution (appendix E of the paper).</summary>
    public static ReadOnlySpan<float> Codes =>
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0f,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1f,
    ];

    private struct Context
    {
        internal float* Weights, Largest;
        internal byte* Packed;
        internal long Count;
        internal int Blocks;
    }

    /// <summary>Blocks of so many weights; the last one may be short.</summary>
    public static int Blocks(long weights) => checked((int)((weights + Block - 1) / Block));

    /// <summary>Quantises fp32 weights.</summary>
    /// <param name="weights">A contiguous fp32 tensor on the processor.</param>
    /// <param name="packed">Receives two codes a byte; an odd end is filled with the code of zero.</param>
    /// <param name="largest">Receives the largest absolute value of each block.</param>
    /// <exception cref="ArgumentException">Sizes or types do not fit.</exception>
    public static void Quantise(Tensor weights, Span<byte> packed, Span<float> largest)
        => ForBlocks(weights, packed, largest, &QuantisePart);

    /// <summary>The weights that codes stand for, code · largest of the block, into a contiguous fp32 tensor on the processor.</summary>
    /// <exception cref="ArgumentException">Sizes or types do not fit.</exception>
    public static void Dequantise(ReadOnlySpan<byte> packed, ReadOnlySpan<float> largest, Tensor weights)
        => ForBlocks(weights, packed, largest, &DequantisePart);

    private static void ForBlocks(Tensor weights, ReadOnlySpan<byte> packed, ReadOnlySpan<float> largest, delegate*<void*, int, void> part)
    {
        var context = Check(weights, packed.Length, largest.Length);
        fixed (byte* p = packed)
        fixed (float* l = largest)
        {
            context.Packed = p;
            context.Largest = l;
            Threads.For(Threads.Parts(context.Blocks, BlocksPerPart), part, &context);
        }
    }

    private static Context Check(Tensor weights, int packed, int largest)
    {
        var count = weights.numel();
        if (weights.dtype != float32 || weights.device_type != DeviceType.CPU || !weights.is_contiguous() || packed != (count + 1) / 2 || largest != Blocks(count))
            throw new ArgumentException($"nf4: weights {weights.Describe()} do not fit {packed} bytes of codes and {largest} blocks");
        return new Context { Weights = (float*)weights.Pointer(), Count = count, Blocks = Blocks(count) };
    }

    private static void QuantisePart(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        for (int block = part * BlocksPerPart, end = Math.Min(c.Blocks, block + BlocksPerPart); block < end; block++)
        {
            var start = (long)block * Block;
            var values = new ReadOnlySpan<float>(c.Weights + start, (int)Math.Min(Block, c.Count - start));
            c.Largest[block] = Quantise(values, new Span<byte>(c.Packed + start / 2, (values.Length + 1) / 2));
        }
    }

    private static float Quantise(ReadOnlySpan<float> values, Span<byte> packed)
    {
        var most = 0f;
        foreach (var value in values) most = Math.Max(most, Math.Abs(value));
        // The reference multiplies whole blocks by the inverse and divides a short one.
        var (inverse, whole) = (1 / most, values.Length == Block);
        int Code(float value) => Nearest(most == 0 ? 0 : whole ? value * inverse : value / most);
        for (var i = 0; i < values.Length; i += 2)
            packed[i / 2] = (byte)(Code(values[i]) << 4 | (i + 1 < values.Length ? Code(values[i + 1]) : Nearest(0)));
        return most;
    }

    // A value in the middle between two codes goes to the smaller one.
    private static int Nearest(float value)
    {
        var code = 0;
        while (code < 15 && value > (float)(((double)Codes[code] + Codes[code + 1]) / 2)) code++;
        return code;
    }

    private static void DequantisePart(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var table = Codes;
        for (int block = part * BlocksPerPart, end = Math.Min(c.Blocks, block + BlocksPerPart); block < end; block++)
        {
            var (start, scale) = ((long)block * Block, c.Largest[block]);
            for (long i = start, last = Math.Min(c.Count, start + Block); i < last; i++)
                c.Weights[i] = table[i % 2 == 0 ? c.Packed[i / 2] >> 4 : c.Packed[i / 2] & 15] * scale;
        }
    }
}
