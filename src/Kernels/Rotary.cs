using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>Rotary position embedding (Su et al. 2021) on <c>[tokens, heads, d]</c> in one pass; backward turns the other way.</summary>
internal static unsafe class Rotary
{
    private struct Context
    {
        internal byte* X, Y;
        internal float* Cos, Sin;
        internal long Tokens, Heads, D, Half;
        internal float Direction;
        internal bool Pairs;
        internal int PerPart;
    }

    /// <summary>The plain definition: (a, b) becomes (a cos - b sin, b cos + a sin).</summary>
    internal static Tensor Reference(Tensor x, Tensor cos, Tensor sin, bool pairs)
    {
        var r = 2 * cos.size(-1);
        var d = x.size(-1);
        var turned = (r == d ? x : x.narrow(-1, 0, r)).to(float32);
        var (a, b) = pairs
            ? (turned.slice(-1, 0, r, 2), turned.slice(-1, 1, r, 2))
            : (turned.narrow(-1, 0, r / 2), turned.narrow(-1, r / 2, r / 2));
        Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1);
        Tensor first = a * c - b * s, second = b * c + a * s;
        var y = (pairs ? stack([first, second], -1).flatten(-2, -1) : cat([first, second], -1)).to(x.dtype);
        return r == d ? y : cat([y, x.narrow(-1, r, d - r)], -1);
    }

    internal static Tensor Apply(Tensor x, Tensor cos, Tensor sin, bool pairs)
    {
        if (x.dim() != 3 || cos.dim() != 2 || cos.size(0) != x.size(0) || 2 * cos.size(1) > x.size(2) || sin.numel() != cos.numel())
            throw new ArgumentException($"rotary: x {x.Describe()}, cos {cos.Describe()} and sin {sin.Describe()} do not fit [tokens, heads, d] and [tokens, r/2]");
        if (x.device_type == DeviceType.CUDA && x.numel() > 0 && cos.dtype == float32 && sin.dtype == float32) return By(Turned, x, cos, sin, pairs);
        if (!Simd.Suits(x) || cos.dtype != float32 || sin.dtype != float32 || x.numel() == 0) return Reference(x, cos, sin, pairs);
        return By(x.dtype == float32 ? Turn<F32> : Turn<BF16>, x, cos, sin, pairs);
    }

    /// <summary>The heads of rows, turned in place in halves, without a gradient.</summary>
    internal static void Run(Rows x, int heads, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        fixed (float* c = cos)
        fixed (float* s = sin)
        {
            var d = x.Width / heads;
            var context = new Context { X = x.Pointer, Y = x.Pointer, Cos = c, Sin = s, Tokens = x.Count, Heads = heads, D = d, Half = cos.Length / x.Count, Direction = 1, PerPart = x.Count };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("rotary", 0, 2.0 * x.Count * x.RowBytes) : default;
            if (x.Type == float32) Part<F32>(&context, 0);
            else Part<BF16>(&context, 0);
        }
    }

    private delegate Tensor Turning(Tensor x, Tensor cos, Tensor sin, bool pairs, float direction);

    // As one node, whose backward pass turns the other way.
    private static Tensor By(Turning turn, Tensor x, Tensor cos, Tensor sin, bool pairs)
    {
        Tensor y;
        using (torch.no_grad()) y = turn(x, cos, sin, pairs, 1);
        Autograd.Function([x], [y], [cos, sin], (grads, saved) => [grads[0] is { } dy ? turn(dy, saved[0]!, saved[1]!, pairs, -1) : null]);
        return y;
    }

    // On a GPU: as the plain definition, with fewer passes over memory, for the halves are written where they belong.
    private static Tensor Turned(Tensor x, Tensor cos, Tensor sin, bool pairs, float direction)
    {
        using var scope = NewDisposeScope();
        var (d, half) = (x.size(2), cos.size(1));
        var y = empty(x.shape, x.dtype, x.device);
        Tensor First(Tensor of) => pairs ? of.slice(-1, 0, 2 * half, 2) : of.narrow(-1, 0, half);
        Tensor Second(Tensor of) => pairs ? of.slice(-1, 1, 2 * half, 2) : of.narrow(-1, half, half);
        var (a, b, c, s) = (First(x), Second(x), cos.unsqueeze(1), sin.unsqueeze(1));
        First(y).copy_((a * c).addcmul_(b, s, -direction));
        Second(y).copy_((b * c).addcmul_(a, s, direction));
        if (2 * half < d) y.narrow(-1, 2 * half, d - 2 * half).copy_(x.narrow(-1, 2 * half, d - 2 * half));
        return y.MoveToOuterDisposeScope();
    }

    private static Tensor Turn<T>(Tensor x, Tensor cos, Tensor sin, bool pairs, float direction) where T : IElement
    {
        var (from, c, s) = (x.contiguous(), cos.contiguous(), sin.contiguous());
        var y = torch.empty_like(from);
        var context = new Context
        {
            X = (byte*)from.Pointer(), Y = (byte*)y.Pointer(), Cos = (float*)c.Pointer(), Sin = (float*)s.Pointer(),
            Tokens = x.size(0), Heads = x.size(1), D = x.size(2), Half = cos.size(1), Direction = direction, Pairs = pairs,
        };
        context.PerPart = Threads.RowsPerPart(context.Tokens, context.Heads * context.D);
        using var _ = KernelProfile.IsOn ? KernelProfile.Of(direction > 0 ? "rotary" : "rotary, backward", 0, 2.0 * y.numel() * y.ElementSize) : default;
        Threads.For(Threads.Parts(context.Tokens, context.PerPart), &Part<T>, &context);
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var end = Math.Min(c.Tokens, (long)(part + 1) * c.PerPart);
        for (var token = (long)part * c.PerPart; token < end; token++)
        {
            float* cos = c.Cos + token * c.Half, sin = c.Sin + token * c.Half;
            for (var head = 0L; head < c.Heads; head++)
            {
                var at = (token * c.Heads + head) * c.D;
                if (c.Pairs) TurnPairs<T>(c.X, c.Y, at, cos, sin, c.Half, c.Direction);
                else TurnHalves<T>(c.X, c.Y, at, cos, sin, c.Half, c.Direction);
                for (var i = 2 * c.Half; i < c.D; i++) T.Set(c.Y, at + i, T.Get(c.X, at + i));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnHalves<T>(byte* x, byte* y, long at, float* cos, float* sin, long half, float direction) where T : IElement
    {
        var i = 0L;
        for (; i + 16 <= half; i += 16)
        {
            Vector512<float> a = T.Load(x, at + i), b = T.Load(x, at + half + i), c = Vector512.Load(cos + i), s = Vector512.Load(sin + i) * direction;
            T.Store(y, at + i, a * c - b * s);
            T.Store(y, at + half + i, b * c + a * s);
        }
        for (; i < half; i++)
        {
            float a = T.Get(x, at + i), b = T.Get(x, at + half + i), s = sin[i] * direction;
            T.Set(y, at + i, a * cos[i] - b * s);
            T.Set(y, at + half + i, b * cos[i] + a * s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnPairs<T>(byte* x, byte* y, long at, float* cos, float* sin, long half, float direction) where T : IElement
    {
        for (var i = 0L; i < half; i++)
        {
            float a = T.Get(x, at + 2 * i), b = T.Get(x, at + 2 * i + 1), s = sin[i] * direction;
            T.Set(y, at + 2 * i, a * cos[i] - b * s);
            T.Set(y, at + 2 * i + 1, b * cos[i] + a * s);
        }
    }
}
