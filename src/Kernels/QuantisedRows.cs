using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// y = x Wᵀ for a few rows of x and a weight in fewer bits: each code is read once and becomes a number in a register, so that the product runs at the
/// speed at which the codes come from memory. A row's result does not depend on the rows beside it.
/// </summary>
public static unsafe class QuantisedRows
{
    /// <summary>Most rows of a call: beyond, writing the weight out for libtorch's product is as fast.</summary>
    public const int MostRows = 8;

    /// <summary>A row is a whole number of so many elements.</summary>
    public const int Granule = 64;

    private const int RowsPerPart = 64;

    private struct Context
    {
        internal float* X, Scales, Y, Table, Map;
        internal byte* Codes, ScaleCodes;
        internal long K, N;
        internal int M, Block, ScaleBlock;
        internal float Offset;

        internal readonly float Scale(long weight)
        {
            var block = weight / Block;
            return ScaleCodes == null ? Scales[block] : Map[ScaleCodes[block]] * Scales[block / ScaleBlock] + Offset;
        }
    }

    /// <summary>Whether so many rows of so many elements, of one width, go through these products.</summary>
    public static bool Suits(Tensor x, long width)
        => x.dim() == 2 && x.size(0) is > 0 and <= MostRows && x.size(1) == width && width % Granule == 0 && Simd.Suits(x) && !Autograd.Records(x);

    /// <summary>The product with codes of four bits.</summary>
    /// <param name="code">Their data type.</param>
    /// <param name="x"><c>[rows, in]</c>, fp32 or bf16.</param>
    /// <param name="packed">Codes of W <c>[out, in]</c>, two a byte.</param>
    /// <param name="scales">The scales of the blocks; a block is a multiple of <see cref="Granule"/>.</param>
    /// <param name="output">Rows of W.</param>
    /// <returns><c>[rows, out]</c> in x's type.</returns>
    public static Tensor FourBitLinear(FourBitCode code, Tensor x, ReadOnlySpan<byte> packed, FourBitScales scales, long output)
    {
        if (!Suits(x, x.size(1)) || scales.Block % Granule != 0 || packed.Length != output * x.size(1) / 2 || scales.Count != FourBit.Blocks(output * x.size(1), scales.Block))
            throw new ArgumentException($"four_bit_linear: x {x.Describe()} does not fit {packed.Length} bytes of codes for {output} rows");
        fixed (byte* codes = packed, scaleCodes = scales.Codes)
        fixed (float* largest = scales.Largest, map = scales.Map, table = code.Values)
        fixed (float* from = Split(x))
        {
            var context = new Context
            {
                X = from, Codes = codes, Scales = largest, Table = table, Block = scales.Block, ScaleCodes = scaleCodes, Map = map, ScaleBlock = scales.NestedBlock, Offset = scales.Offset,
            };
            return Run(x, ref context, output, &FourBitPart);
        }
    }

    /// <summary>The product with codes of a byte: W[i, j] = scale[i] · code[i, j].</summary>
    /// <param name="x"><c>[rows, in]</c>, fp32 or bf16.</param>
    /// <param name="codes">int8 <c>[out, in]</c>, contiguous.</param>
    /// <param name="scales">fp32 <c>[out]</c>, contiguous.</param>
    /// <returns><c>[rows, out]</c> in x's type.</returns>
    public static Tensor Int8Linear(Tensor x, Tensor codes, Tensor scales)
    {
        if (!Suits(x, x.size(1)) || codes.dtype != int8 || codes.dim() != 2 || codes.size(1) != x.size(1) || scales.dtype != float32 || scales.numel() != codes.size(0)
            || !codes.is_contiguous() || !scales.is_contiguous() || codes.device_type != DeviceType.CPU)
            throw new ArgumentException($"int8_linear: x {x.Describe()}, codes {codes.Describe()} and scales {scales.Describe()} do not fit");
        fixed (float* from = x.ToArray<float>())
        {
            var context = new Context { X = from, Codes = (byte*)codes.Pointer(), Scales = (float*)scales.Pointer() };
            return Run(x, ref context, codes.size(0), &Int8Part);
        }
    }

    // Of each 64 elements those of even number, then those of odd number: a byte's high code is multiplied by the one, its low code by the other.
    private static float[] Split(Tensor x)
    {
        var plain = x.ToArray<float>();
        var split = new float[plain.Length];
        for (var block = 0; block < plain.Length; block += Granule)
            for (var i = 0; i < Granule / 2; i++)
                (split[block + i], split[block + Granule / 2 + i]) = (plain[block + 2 * i], plain[block + 2 * i + 1]);
        return split;
    }

    private static Tensor Run(Tensor x, ref Context context, long output, delegate*<void*, int, void> part)
    {
        using var _ = no_grad();
        var y = empty([x.size(0), output]);
        context.Y = (float*)y.Pointer();
        (context.M, context.K, context.N) = ((int)x.size(0), x.size(1), output);
        fixed (Context* shared = &context) Threads.For(Threads.Parts(output, RowsPerPart), part, shared);
        if (x.dtype == float32) return y;
        using (y) return y.to(x.dtype);
    }

    private static void FourBitPart(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var table = Vector512.Load(c.Table);
        var sums = stackalloc Vector512<float>[MostRows];
        for (long row = (long)part * RowsPerPart, end = Math.Min(c.N, row + RowsPerPart); row < end; row++)
        {
            new Span<Vector512<float>>(sums, c.M).Clear();
            byte* codes = c.Codes + row * c.K / 2;
            for (long k = 0; k < c.K; k += Granule, codes += Granule / 2)
            {
                var scale = Vector512.Create(c.Scale(row * c.K + k));
                var (first, second) = (Widen(codes), Widen(codes + 16));
                Vector512<float> high0 = Code(table, first >> 4) * scale, high1 = Code(table, second >> 4) * scale;
                Vector512<float> low0 = Code(table, first & Vector512.Create(15)) * scale, low1 = Code(table, second & Vector512.Create(15)) * scale;
                for (var m = 0; m < c.M; m++)
                {
                    var x = c.X + m * c.K + k;
                    var sum = Vector512.FusedMultiplyAdd(high0, Vector512.Load(x), sums[m]);
                    sum = Vector512.FusedMultiplyAdd(high1, Vector512.Load(x + 16), sum);
                    sum = Vector512.FusedMultiplyAdd(low0, Vector512.Load(x + 32), sum);
                    sums[m] = Vector512.FusedMultiplyAdd(low1, Vector512.Load(x + 48), sum);
                }
            }
            for (var m = 0; m < c.M; m++) c.Y[m * c.N + row] = Vector512.Sum(sums[m]);
        }
    }

    private static void Int8Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        var sums = stackalloc Vector512<float>[MostRows];
        for (long row = (long)part * RowsPerPart, end = Math.Min(c.N, row + RowsPerPart); row < end; row++)
        {
            new Span<Vector512<float>>(sums, c.M).Clear();
            var codes = (sbyte*)c.Codes + row * c.K;
            for (long k = 0; k < c.K; k += Simd.Lanes)
            {
                var (low, high) = Vector256.Widen(Widen16(codes + k));
                var weights = Vector512.ConvertToSingle(Vector512.Create(low, high));
                for (var m = 0; m < c.M; m++) sums[m] = Vector512.FusedMultiplyAdd(weights, Vector512.Load(c.X + m * c.K + k), sums[m]);
            }
            for (var m = 0; m < c.M; m++) c.Y[m * c.N + row] = Vector512.Sum(sums[m]) * c.Scales[row];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Code(Vector512<float> table, Vector512<int> index) => Vector512.ShuffleNative(table, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(byte* codes)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(codes));
        var (a, b) = Vector128.Widen(low);
        var (c, d) = Vector128.Widen(high);
        return Vector512.Create(Vector256.Create(a, b), Vector256.Create(c, d)).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Widen16(sbyte* codes)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(codes));
        return Vector256.Create(low, high);
    }
}
