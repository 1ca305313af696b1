using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AlpacaCot.Kernels;

/// <summary>Writes out the numbers that codes of four bits stand for, two codes a byte, the first in the high half.</summary>
internal readonly unsafe ref struct FourBitNumbers
{
    private readonly float* _values;

    // The first bytes of the sixteen values, their second ones, and so on: a shuffle looks sixteen of them up at once.
    private readonly Vector256<byte> _first, _second, _third, _fourth;

    /// <summary>Of the values of sixteen codes, which stay where they are.</summary>
    internal FourBitNumbers(float* values)
    {
        _values = values;
        if (!Avx2.IsSupported) return;
        (_first, _second, _third, _fourth) = (Plane(values, 0), Plane(values, 1), Plane(values, 2), Plane(values, 3));
    }

    /// <summary>Numbers that are written at a time.</summary>
    internal const int Granule = 32;

    /// <summary>Writes value · scale of the next <see cref="Granule"/> codes.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="scale">The scale of their block.</param>
    /// <param name="to">Where the numbers go.</param>
    /// <param name="arranged">In the order in which they come cheaply, that of <see cref="Arrange"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Write(byte* codes, float scale, float* to, [ConstantExpected] bool arranged = false)
    {
        if (!Avx2.IsSupported)
        {
            for (var i = 0; i < Granule; i += 2, codes++) (to[i], to[i + 1]) = (_values[*codes >> 4] * scale, _values[*codes & 15] * scale);
            return;
        }
        Fours(codes, scale, out var a, out var b, out var c, out var d);
        if (arranged)
        {
            a.Store(to);
            b.Store(to + 8);
            c.Store(to + 16);
            d.Store(to + 24);
            return;
        }
        a.GetLower().Store(to);
        b.GetLower().Store(to + 4);
        c.GetLower().Store(to + 8);
        d.GetLower().Store(to + 12);
        a.GetUpper().Store(to + 16);
        b.GetUpper().Store(to + 20);
        c.GetUpper().Store(to + 24);
        d.GetUpper().Store(to + 28);
    }

    /// <summary>Puts numbers into the order of arranged ones: of each granule the first four, four that lie sixteen further on, the next four, and so on.</summary>
    /// <param name="numbers">The numbers, a whole number of <see cref="Granule"/>s.</param>
    /// <param name="count">How many.</param>
    internal static void Arrange(float* numbers, long count)
    {
        if (!Avx2.IsSupported) return;
        for (var end = numbers + count; numbers < end; numbers += Granule)
        {
            Vector256<float> a = Vector256.Load(numbers), b = Vector256.Load(numbers + 8), c = Vector256.Load(numbers + 16), d = Vector256.Load(numbers + 24);
            Vector256.Create(a.GetLower(), c.GetLower()).Store(numbers);
            Vector256.Create(a.GetUpper(), c.GetUpper()).Store(numbers + 8);
            Vector256.Create(b.GetLower(), d.GetLower()).Store(numbers + 16);
            Vector256.Create(b.GetUpper(), d.GetUpper()).Store(numbers + 24);
        }
    }

    // The fours 0 and 4, 1 and 5, 2 and 6, 3 and 7.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fours(byte* codes, float scale, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        var (pairs, nibble) = (Vector128.Load(codes), Vector128.Create((byte)15));
        Vector128<byte> high = (pairs.AsUInt16() >> 4).AsByte() & nibble, low = pairs & nibble;
        // Sixteen codes in their order, and the next sixteen.
        var index = Vector256.Create(Sse2.UnpackLow(high, low), Sse2.UnpackHigh(high, low));
        Vector256<byte> first = Avx2.Shuffle(_first, index), second = Avx2.Shuffle(_second, index), third = Avx2.Shuffle(_third, index), fourth = Avx2.Shuffle(_fourth, index);
        Vector256<ushort> lower = Avx2.UnpackLow(first, second).AsUInt16(), upper = Avx2.UnpackLow(third, fourth).AsUInt16();
        (a, b) = (Avx2.UnpackLow(lower, upper).AsSingle() * scale, Avx2.UnpackHigh(lower, upper).AsSingle() * scale);
        (lower, upper) = (Avx2.UnpackHigh(first, second).AsUInt16(), Avx2.UnpackHigh(third, fourth).AsUInt16());
        (c, d) = (Avx2.UnpackLow(lower, upper).AsSingle() * scale, Avx2.UnpackHigh(lower, upper).AsSingle() * scale);
    }

    private static Vector256<byte> Plane(float* values, int place)
    {
        var bytes = stackalloc byte[16];
        for (var i = 0; i < 16; i++) bytes[i] = ((byte*)(values + i))[place];
        return Vector256.Create(Vector128.Load(bytes), Vector128.Load(bytes));
    }
}
