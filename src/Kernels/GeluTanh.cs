using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// GELU by tanh (Hendrycks and Gimpel 2016) in one pass per direction: x / 2 · (1 + tanh u) with u = √(2/π) (x + 0.044715 x³), which is x · sigmoid(2u).
/// </summary>
internal static unsafe class GeluTanh
{
    private const int PerPart = 32 * 1024;
    private const float Slope = 1.5957691216057308f;   // 2 √(2/π)
    private const float Cubic = 0.044715f;

    private struct Context
    {
        internal byte* X, Y, Dy, Dx;
        internal long N;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x)
    {
        var h = x.to(float32);
        return (0.5 * h * (1 + torch.tanh(Math.Sqrt(2 / Math.PI) * (h + 0.044715 * h.pow(3))))).to(x.dtype);
    }

    internal static Tensor Apply(Tensor x)
    {
        if (!Simd.Suits(x) || x.numel() == 0) return Reference(x);
        return x.dtype == float32 ? Run<F32>(x) : Run<BF16>(x);
    }

    private static Tensor Run<T>(Tensor x) where T : IElement
    {
        Tensor y;
        using (torch.no_grad())
        {
            var from = x.contiguous();
            y = torch.empty_like(from);
            var context = new Context { X = (byte*)from.Pointer(), Y = (byte*)y.Pointer(), N = y.numel() };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("GELU", 0, 2.0 * context.N * y.ElementSize) : default;
            Threads.For(Threads.Parts(context.N, PerPart), &Forward<T>, &context);
        }
        Autograd.Function([x], [y], [x], static (grads, saved) =>
        {
            if (grads[0] is not { } dy) return [null];
            var (from, d) = (saved[0]!.contiguous(), dy.contiguous());
            var dx = torch.empty_like(from);
            var context = new Context { X = (byte*)from.Pointer(), Dy = (byte*)d.Pointer(), Dx = (byte*)dx.Pointer(), N = dx.numel() };
            using (KernelProfile.IsOn ? KernelProfile.Of("GELU, backward", 0, 3.0 * context.N * dy.ElementSize) : default)
                Threads.For(Threads.Parts(context.N, PerPart), &Backward<T>, &context);
            return [dx];
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long i = (long)part * PerPart, end = Math.Min(c.N, i + PerPart);
        for (; i + 16 <= end; i += 16)
        {
            var x = T.Load(c.X, i);
            T.Store(c.Y, i, x * Gate(x));
        }
        if (i < end)
        {
            var x = Simd.LoadTail<T>(c.X, i, (int)(end - i));
            Simd.StoreTail<T>(c.Y, i, (int)(end - i), x * Gate(x));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long i = (long)part * PerPart, end = Math.Min(c.N, i + PerPart);
        for (; i + 16 <= end; i += 16) T.Store(c.Dx, i, T.Load(c.Dy, i) * Derivative(T.Load(c.X, i)));
        if (i < end)
        {
            var rest = (int)(end - i);
            Simd.StoreTail<T>(c.Dx, i, rest, Simd.LoadTail<T>(c.Dy, i, rest) * Derivative(Simd.LoadTail<T>(c.X, i, rest)));
        }
    }

    private static Vector512<float> Gate(Vector512<float> x) => Simd.Sigmoid(Slope * x * Vector512.FusedMultiplyAdd(x * x, Vector512.Create(Cubic), Vector512<float>.One));

    // With s = sigmoid(2u): s + x s (1 - s) · 2u'.
    private static Vector512<float> Derivative(Vector512<float> x)
    {
        var s = Gate(x);
        var inner = Slope * Vector512.FusedMultiplyAdd(x * x, Vector512.Create(3 * Cubic), Vector512<float>.One);
        return Vector512.FusedMultiplyAdd(x * s * (Vector512<float>.One - s), inner, s);
    }
}
