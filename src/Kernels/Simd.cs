using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>What the elements of a weight are held in, read as fp32.</summary>
internal unsafe interface IWeight
{
    /// <summary>Bytes of an element.</summary>
    static abstract int Bytes { get; }

    /// <summary>
    /// Eight of the elements i … i+31: the first, second, third or last eight of them in the order in which they come cheaply, <see cref="First"/>'s before <see cref="Second"/>'s.
    /// </summary>
    static abstract Vector256<float> Quarter(void* p, long i, [ConstantExpected(Min = 0, Max = 3)] int quarter);

    /// <summary>Half of the elements i … i+31, whichever half comes cheaply; <see cref="Second"/> is the other.</summary>
    static abstract Vector512<float> First(void* p, long i);

    static abstract Vector512<float> Second(void* p, long i);
}

/// <summary>An element type that kernels read and write as fp32, sixteen at a time.</summary>
internal unsafe interface IElement : IWeight
{
    static abstract ScalarType Type { get; }

    /// <summary>Elements i … i+15.</summary>
    static abstract Vector512<float> Load(void* p, long i);

    /// <summary>Elements i … i+7.</summary>
    static abstract Vector256<float> LoadEight(void* p, long i);

    static abstract void Store(void* p, long i, Vector512<float> v);

    /// <summary>Elements i … i+3.</summary>
    static abstract Vector128<float> LoadFour(void* p, long i);

    static abstract void StoreFour(void* p, long i, Vector128<float> v);

    static abstract float Get(void* p, long i);

    static abstract void Set(void* p, long i, float v);
}

/// <summary>fp32 elements.</summary>
internal readonly unsafe struct F32 : IElement
{
    public static ScalarType Type => float32;

    public static int Bytes => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Quarter(void* p, long i, [ConstantExpected(Min = 0, Max = 3)] int quarter) => Vector256.Load((float*)p + i + 8 * quarter);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(void* p, long i) => Vector512.Load((float*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(void* p, long i) => Vector256.Load((float*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(void* p, long i) => Vector512.Load((float*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(void* p, long i) => Vector512.Load((float*)p + i + 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(void* p, long i, Vector512<float> v) => v.Store((float*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFour(void* p, long i) => Vector128.Load((float*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFour(void* p, long i, Vector128<float> v) => v.Store((float*)p + i);

    public static float Get(void* p, long i) => ((float*)p)[i];

    public static void Set(void* p, long i, float v) => ((float*)p)[i] = v;
}

/// <summary>bf16 elements: the upper halves of singles, rounded to nearest even.</summary>
internal readonly unsafe struct BF16 : IElement
{
    public static ScalarType Type => ScalarType.BFloat16;

    public static int Bytes => sizeof(ushort);

    /// <summary>Two quarters of even index, then two of odd index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Quarter(void* p, long i, [ConstantExpected(Min = 0, Max = 3)] int quarter)
    {
        var pairs = Vector256.Load((uint*)((ushort*)p + i + 16 * (quarter % 2)));
        return (quarter < 2 ? pairs << 16 : pairs & Vector256.Create(0xffff0000u)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(void* p, long i)
    {
        var half = Vector256.Load((ushort*)p + i);
        if (Avx512F.IsSupported) return (Avx512F.ConvertToVector512Int32(half) << 16).AsSingle();
        var (low, high) = Vector256.Widen(half);
        return (Vector512.Create(low, high) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadEight(void* p, long i)
    {
        var eight = (ushort*)p + i;
        if (Avx2.IsSupported) return (Avx2.ConvertToVector256Int32(eight) << 16).AsSingle();
        var (low, high) = Vector128.Widen(Vector128.Load(eight));
        return (Vector256.Create(low, high) << 16).AsSingle();
    }

    /// <summary>Those of even index: two elements lie in 32 bits, the even one below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(void* p, long i) => (Vector512.Load((uint*)((ushort*)p + i)) << 16).AsSingle();

    /// <summary>Those of odd index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(void* p, long i) => (Vector512.Load((uint*)((ushort*)p + i)) & Vector512.Create(0xffff0000u)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(void* p, long i, Vector512<float> v)
    {
        var bits = v.AsUInt32();
        var rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        // Rounding could carry a NaN over into infinity.
        rounded = Vector512.ConditionalSelect(Vector512.Equals(v, v).AsUInt32(), rounded, Vector512.Create(0x7fc0u));
        var half = Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(rounded) : Vector256.Narrow(rounded.GetLower(), rounded.GetUpper());
        half.Store((ushort*)p + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFour(void* p, long i) => (Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)((ushort*)p + i)).AsUInt16()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFour(void* p, long i, Vector128<float> v)
    {
        var bits = v.AsUInt32();
        var rounded = (bits + Vector128.Create(0x7fffu) + ((bits >> 16) & Vector128<uint>.One)) >> 16;
        rounded = Vector128.ConditionalSelect(Vector128.Equals(v, v).AsUInt32(), rounded, Vector128.Create(0x7fc0u));
        *(ulong*)((ushort*)p + i) = Vector128.Narrow(rounded, rounded).AsUInt64()[0];
    }

    public static float Get(void* p, long i) => BitConverter.UInt32BitsToSingle((uint)((ushort*)p)[i] << 16);

    public static void Set(void* p, long i, float v) => ((ushort*)p)[i] = Round(v);

    private static ushort Round(float v)
    {
        if (float.IsNaN(v)) return 0x7fc0;
        var bits = BitConverter.SingleToUInt32Bits(v);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}

/// <summary>Whole numbers of a byte: codes that a scale multiplies.</summary>
internal readonly unsafe struct I8 : IWeight
{
    public static int Bytes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Quarter(void* p, long i, [ConstantExpected(Min = 0, Max = 3)] int quarter)
    {
        var codes = (sbyte*)p + i + 8 * quarter;
        if (Avx2.IsSupported) return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(codes));
        var (low, high) = Vector128.Widen(Vector128.WidenLower(Vector128.CreateScalar(*(long*)codes).AsSByte()));
        return Vector256.ConvertToSingle(Vector256.Create(low, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(void* p, long i) => Sixteen((sbyte*)p + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(void* p, long i) => Sixteen((sbyte*)p + i + 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sixteen(sbyte* codes)
        => Avx512F.IsSupported ? Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(codes))) : Vector512.Create(Quarter(codes, 0, 0), Quarter(codes, 0, 1));
}

/// <summary>Vector helpers of the kernels.</summary>
internal static unsafe class Simd
{
    internal const int Lanes = 16;

    /// <summary>Registers hold sixteen numbers, and there are 32 of them. Elsewhere a vector of sixteen takes two registers of sixteen.</summary>
    internal static bool IsWide => Avx512F.IsSupported;

    /// <summary>1 / √x for a norm; NaN where a row's squares overflowed, which must not become a row of zeros that looks sound.</summary>
    internal static float InverseRoot(float x) => float.IsFinite(x) ? 1 / MathF.Sqrt(x) : float.NaN;

    /// <summary>Fewer than sixteen elements from i on; the rest of the lanes hold <paramref name="fill"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static Vector512<float> LoadTail<T>(void* p, long i, int count, float fill = 0) where T : IElement
    {
        var buffer = stackalloc float[Lanes];
        for (var k = 0; k < Lanes; k++) buffer[k] = k < count ? T.Get(p, i + k) : fill;
        return Vector512.Load(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void StoreTail<T>(void* p, long i, int count, Vector512<float> v) where T : IElement
    {
        for (var k = 0; k < count; k++) T.Set(p, i + k, v.GetElement(k));
    }

    /// <summary>Rounds as a store would, for values that go on being used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> RoundTo<T>(Vector512<float> v) where T : IElement
    {
        if (typeof(T) == typeof(F32)) return v;
        var bits = v.AsUInt32();
        return ((bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) & Vector512.Create(0xffff0000u)).AsSingle();
    }

    /// <summary>e^x within two units in the last place; 0 below -87.7, infinity above 88.3, and what is not a number stays so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp(Vector512<float> x)
    {
        // The bounds are where the exponent below becomes 0 and 255: scales of zero and infinity. Native ones return their second operand for NaN.
        var limited = Vector512.MinNative(Vector512.Create(88.7f), Vector512.MaxNative(Vector512.Create(-88f), x));
        var n = Vector512.Round(limited * 1.44269504f);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), limited);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        return p * ((Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23).AsSingle();
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>tanh x within two units in the last place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Tanh(Vector512<float> x)
    {
        // Near zero 1 - 2 / (e^2x + 1) would lose its digits: an odd polynomial there (S. Moshier's Cephes).
        var square = x * x;
        var p = Vector512.FusedMultiplyAdd(square, Vector512.Create(-5.70498872745e-3f), Vector512.Create(2.06390887954e-2f));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(-5.37397155531e-2f));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(1.33314422036e-1f));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(-3.33332819422e-1f));
        var near = Vector512.FusedMultiplyAdd(p * square, x, x);
        var far = Vector512<float>.One - Vector512.Create(2f) / (Exp(x + x) + Vector512<float>.One);
        return Vector512.ConditionalSelect(Vector512.LessThan(Vector512.Abs(x), Vector512.Create(0.625f)), near, far);
    }

    /// <summary>The sums of four vectors' lanes, folded together: a third of the work of four sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Sums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        if (!Avx512F.IsSupported) return Sums(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
        // Within each 128 bits: a, b, a, b and c, d, c, d; then a, b, c, d.
        var ab = (Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b)).AsDouble();
        var cd = (Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d)).AsDouble();
        return Fold(Avx512F.UnpackLow(ab, cd).AsSingle() + Avx512F.UnpackHigh(ab, cd).AsSingle());
    }

    /// <summary>The sums of four vectors of eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Avx.IsSupported) return Vector128.Create(Vector256.Sum(a), Vector256.Sum(b), Vector256.Sum(c), Vector256.Sum(d));
        var halves = Avx.HorizontalAdd(Avx.HorizontalAdd(a, b), Avx.HorizontalAdd(c, d));
        return halves.GetLower() + halves.GetUpper();
    }

    /// <summary>Sixteen lanes added up to four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Fold(Vector512<float> v)
    {
        var half = v.GetLower() + v.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    /// <summary>The largest lane.</summary>
    internal static float Max(Vector512<float> v)
    {
        var a = Vector256.Max(v.GetLower(), v.GetUpper());
        var b = Vector128.Max(a.GetLower(), a.GetUpper());
        return Math.Max(Math.Max(b[0], b[1]), Math.Max(b[2], b[3]));
    }

    /// <summary>Whether the kernels here can read all of these: contiguous, on the processor, one of fp32 and bf16, the same for all.</summary>
    internal static bool Suits(Tensor first, params ReadOnlySpan<Tensor?> others)
    {
        var type = first.dtype;
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16) || first.device_type != DeviceType.CPU) return false;
        foreach (var t in others)
            if (t is not null && (t.dtype != type || t.device_type != DeviceType.CPU)) return false;
        return true;
    }
}
