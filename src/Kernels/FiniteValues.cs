using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Counts elements that are no finite numbers (NaN, ±∞). On the processor it is one pass over the bytes as they are stored: such an element has every
/// bit of its exponent set, so that no type needs a conversion.
/// </summary>
public static unsafe class FiniteValues
{
    /// <summary>Elements of one part: enough that handing it to a thread costs nothing, few enough to share out evenly.</summary>
    private const int PerPart = 1 << 20;

    private struct Context
    {
        internal byte* Start;
        internal long Elements;
        internal long Found;
    }

    /// <summary>The number of elements that are not finite; of a type without such values there are none.</summary>
    public static long CountOthers(Tensor tensor)
    {
        if (!torch.is_floating_point(tensor.dtype) || tensor.numel() == 0) return 0;
        if (tensor.device_type == DeviceType.META) return 0;   // shapes alone
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous()) return CountPlain(tensor);
        var context = new Context { Start = (byte*)tensor.Pointer(), Elements = tensor.numel() };
        Threads.For(Threads.Parts(context.Elements, PerPart), PartOf(tensor.dtype), &context);
        GC.KeepAlive(tensor);
        return context.Found;
    }

    /// <summary>Whether all values are finite.</summary>
    public static bool All(ReadOnlySpan<float> values)
    {
        fixed (float* p = values) return Count((uint*)p, values.Length, Single) == 0;
    }

    /// <summary>What <see cref="CountOthers"/> counts, by the library's operators.</summary>
    internal static long CountPlain(Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        return tensor.numel() - tensor.detach().isfinite().sum().item<long>();
    }

    // The exponents' bits.
    private const uint Single = 0x7f80_0000;
    private const ushort BFloat = 0x7f80, Half = 0x7c00;
    private const ulong Double = 0x7ff0_0000_0000_0000;

    private static delegate*<void*, int, void> PartOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => &Singles,
        ScalarType.BFloat16 => &BFloats,
        ScalarType.Float16 => &Halves,
        ScalarType.Float64 => &Doubles,
        _ => throw new ArgumentException($"elements of type {type} are not used here", nameof(type)),
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Singles(void* context, int part) => Part((Context*)context, part, Single);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BFloats(void* context, int part) => Part((Context*)context, part, BFloat);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Halves(void* context, int part) => Part((Context*)context, part, Half);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Doubles(void* context, int part) => Part((Context*)context, part, Double);

    private static void Part<T>(Context* context, int part, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        var first = (long)part * PerPart;
        var found = Count((T*)context->Start + first, (int)Math.Min(PerPart, context->Elements - first), exponent);
        if (found > 0) Interlocked.Add(ref context->Found, found);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Count<T>(T* values, int count, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        long found = 0;
        var i = 0;
        var mask = Vector256.Create(exponent);
        for (; i + Vector256<T>.Count <= count; i += Vector256<T>.Count)
        {
            var all = Vector256.Equals(Vector256.Load(values + i) & mask, mask);
            // Almost always there are none: bits are counted only where some are set.
            if (all != Vector256<T>.Zero) found += BitOperations.PopCount(all.ExtractMostSignificantBits());
        }
        for (; i < count; i++)
            if ((values[i] & exponent) == exponent) found++;
        return found;
    }
}
