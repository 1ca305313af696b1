using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels;

/// <summary>What stands between the two matrices of a bottleneck.</summary>
public enum MiddleFunction
{
    /// <summary>Nothing: a low-rank update.</summary>
    None,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x · sigmoid(x).</summary>
    Silu,
}

/// <summary>These functions and their derivatives.</summary>
public static unsafe class MiddleFunctions
{
    /// <summary>The plain definition, with a gradient.</summary>
    public static Tensor Of(this MiddleFunction function, Tensor x) => function switch
    {
        MiddleFunction.Tanh => x.tanh(),
        MiddleFunction.Relu => x.relu(),
        MiddleFunction.Silu => x.silu(),
        _ => x,
    };

    /// <summary>inner = middle, middle = function(inner).</summary>
    internal static void Apply(MiddleFunction function, float* inner, float* middle, int count)
    {
        if (function == MiddleFunction.None) return;
        Buffer.MemoryCopy(middle, inner, (long)count * sizeof(float), (long)count * sizeof(float));
        if (function == MiddleFunction.Tanh) Each<TanhOf>(inner, middle, count, slope: false);
        else if (function == MiddleFunction.Relu) Each<ReluOf>(inner, middle, count, slope: false);
        else Each<SiluOf>(inner, middle, count, slope: false);
    }

    /// <summary>middle = middle · the function's derivative at inner.</summary>
    internal static void ApplySlope(MiddleFunction function, float* inner, float* middle, int count)
    {
        if (function == MiddleFunction.Tanh) Each<TanhOf>(inner, middle, count, slope: true);
        else if (function == MiddleFunction.Relu) Each<ReluOf>(inner, middle, count, slope: true);
        else if (function == MiddleFunction.Silu) Each<SiluOf>(inner, middle, count, slope: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Each<F>(float* inner, float* middle, int count, bool slope) where F : IFunction
    {
        for (var i = 0; i < count; i += Simd.Lanes)
        {
            var left = count - i;
            var x = left >= Simd.Lanes ? Vector512.Load(inner + i) : Simd.LoadTail<F32>(inner, i, left);
            var result = slope ? F.Slope(x) * (left >= Simd.Lanes ? Vector512.Load(middle + i) : Simd.LoadTail<F32>(middle, i, left)) : F.Value(x);
            if (left >= Simd.Lanes) result.Store(middle + i);
            else Simd.StoreTail<F32>(middle, i, left, result);
        }
    }

    private interface IFunction
    {
        static abstract Vector512<float> Value(Vector512<float> x);

        static abstract Vector512<float> Slope(Vector512<float> x);
    }

    private readonly struct TanhOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Value(Vector512<float> x) => Simd.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Slope(Vector512<float> x)
        {
            var y = Simd.Tanh(x);
            return Vector512<float>.One - y * y;
        }
    }

    private readonly struct ReluOf : IFunction
    {
        // Native maximum returns its second operand for what is not a number.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Value(Vector512<float> x) => Vector512.MaxNative(Vector512<float>.Zero, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Slope(Vector512<float> x) => Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512<float>.Zero), Vector512<float>.One, Vector512<float>.Zero);
    }

    private readonly struct SiluOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Value(Vector512<float> x) => x * Simd.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Slope(Vector512<float> x)
        {
            var sigmoid = Simd.Sigmoid(x);
            return sigmoid * Vector512.FusedMultiplyAdd(x, Vector512<float>.One - sigmoid, Vector512<float>.One);
        }
    }
}
