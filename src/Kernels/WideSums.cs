using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels;

/// <summary>How many registers of sixteen columns a row of sums takes.</summary>
internal interface IWidth
{
    /// <summary>Four of them; otherwise two.</summary>
    static abstract bool IsFour { get; }
}

/// <summary>64 columns.</summary>
internal readonly struct FourWide : IWidth
{
    public static bool IsFour => true;
}

/// <summary>32 columns.</summary>
internal readonly struct TwoWide : IWidth
{
    public static bool IsFour => false;
}

/// <summary>A row of sums in fp32 that stay in registers while a product runs over what it adds up. Of two registers, the other two are left alone.</summary>
internal static unsafe class WideSums
{
    /// <summary>c += x · b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Add<T>(
        float x, Vector512<float> b0, Vector512<float> b1, Vector512<float> b2, Vector512<float> b3, ref Vector512<float> c0, ref Vector512<float> c1, ref Vector512<float> c2, ref Vector512<float> c3) where T : IWidth
    {
        var value = Vector512.Create(x);
        c0 = Vector512.FusedMultiplyAdd(value, b0, c0);
        c1 = Vector512.FusedMultiplyAdd(value, b1, c1);
        if (!T.IsFour) return;
        c2 = Vector512.FusedMultiplyAdd(value, b2, c2);
        c3 = Vector512.FusedMultiplyAdd(value, b3, c3);
    }

    /// <summary>Writes them, or adds them to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Put<T>(float* to, Vector512<float> c0, Vector512<float> c1, Vector512<float> c2, Vector512<float> c3, bool add) where T : IWidth
    {
        if (add) (c0, c1) = (c0 + Vector512.Load(to), c1 + Vector512.Load(to + 16));
        c0.Store(to);
        c1.Store(to + 16);
        if (!T.IsFour) return;
        if (add) (c2, c3) = (c2 + Vector512.Load(to + 32), c3 + Vector512.Load(to + 48));
        c2.Store(to + 32);
        c3.Store(to + 48);
    }
}
