using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>silu(gate) * up (Shazeer 2020) in one pass per direction.</summary>
internal static unsafe class SwiGlu
{
    private const int PerPart = 32 * 1024;

    private struct Context
    {
        internal byte* Gate, Up, Y, Dy, DGate, DUp;
        internal long N;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor gate, Tensor up) => gate.silu() * up;

    internal static Tensor Apply(Tensor gate, Tensor up)
    {
        if (!Simd.Suits(gate, up) || !SameShape(gate, up) || gate.numel() == 0) return Reference(gate, up);
        return gate.dtype == float32 ? Run<F32>(gate, up) : Run<BF16>(gate, up);
    }

    private static bool SameShape(Tensor a, Tensor b)
    {
        if (a.dim() != b.dim()) return false;
        for (var i = 0; i < a.dim(); i++) if (a.size(i) != b.size(i)) return false;
        return true;
    }

    /// <summary>Rows in place, without a gradient; y may be one of the two.</summary>
    internal static void Run(Rows gate, Rows up, Rows y)
    {
        var context = new Context { Gate = gate.Pointer, Up = up.Pointer, Y = y.Pointer, N = (long)y.Count * y.Width };
        using var _ = KernelProfile.IsOn ? KernelProfile.Of("SwiGLU", 0, 3.0 * y.Count * y.RowBytes) : default;
        Threads.For(Threads.Parts(context.N, PerPart), y.Type == float32 ? &Forward<F32> : &Forward<BF16>, &context);
    }

    private static Tensor Run<T>(Tensor gate, Tensor up) where T : IElement
    {
        Tensor y;
        using (torch.no_grad())
        {
            var (g, u) = (gate.contiguous(), up.contiguous());
            y = torch.empty_like(g);
            var context = new Context { Gate = (byte*)g.Pointer(), Up = (byte*)u.Pointer(), Y = (byte*)y.Pointer(), N = y.numel() };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("SwiGLU", 0, 3.0 * context.N * y.ElementSize) : default;
            Threads.For(Threads.Parts(context.N, PerPart), &Forward<T>, &context);
        }
        Autograd.Function([gate, up], [y], [gate, up], static (grads, saved) =>
        {
            if (grads[0] is not { } dy) return [null, null];
            var (g, u, d) = (saved[0]!.contiguous(), saved[1]!.contiguous(), dy.contiguous());
            var (dg, du) = (torch.empty_like(g), torch.empty_like(u));
            var context = new Context
            {
                Gate = (byte*)g.Pointer(), Up = (byte*)u.Pointer(), Dy = (byte*)d.Pointer(),
                DGate = (byte*)dg.Pointer(), DUp = (byte*)du.Pointer(), N = dy.numel(),
            };
            using (KernelProfile.IsOn ? KernelProfile.Of("SwiGLU, backward", 0, 5.0 * context.N * dy.ElementSize) : default)
                Threads.For(Threads.Parts(context.N, PerPart), &Backward<T>, &context);
            return [dg, du];
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
            var g = T.Load(c.Gate, i);
            T.Store(c.Y, i, g * Simd.Sigmoid(g) * T.Load(c.Up, i));
        }
        if (i < end)
        {
            var rest = (int)(end - i);
            var g = Simd.LoadTail<T>(c.Gate, i, rest);
            Simd.StoreTail<T>(c.Y, i, rest, g * Simd.Sigmoid(g) * Simd.LoadTail<T>(c.Up, i, rest));
        }
    }

    // With s = sigmoid(g): d silu = s (1 + g (1 - s)).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long i = (long)part * PerPart, end = Math.Min(c.N, i + PerPart);
        for (; i + 16 <= end; i += 16)
        {
            Vector512<float> g = T.Load(c.Gate, i), u = T.Load(c.Up, i), d = T.Load(c.Dy, i), s = Simd.Sigmoid(g);
            T.Store(c.DUp, i, d * g * s);
            T.Store(c.DGate, i, d * u * s * Vector512.FusedMultiplyAdd(g, Vector512<float>.One - s, Vector512<float>.One));
        }
        if (i < end)
        {
            var rest = (int)(end - i);
            Vector512<float> g = Simd.LoadTail<T>(c.Gate, i, rest), u = Simd.LoadTail<T>(c.Up, i, rest), d = Simd.LoadTail<T>(c.Dy, i, rest), s = Simd.Sigmoid(g);
            Simd.StoreTail<T>(c.DUp, i, rest, d * g * s);
            Simd.StoreTail<T>(c.DGate, i, rest, d * u * s * Vector512.FusedMultiplyAdd(g, Vector512<float>.One - s, Vector512<float>.One));
        }
    }
}
