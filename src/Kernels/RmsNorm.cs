using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>RMSNorm (Zhang and Sennrich 2019) in one pass per direction instead of six operators: y = w * (x * rsqrt(mean(x²) + eps)).</summary>
internal static unsafe class RmsNorm
{
    private struct Context
    {
        internal byte* Stream, Update; // where X is their sum
        internal byte* X, W, Y, Dy, Dx;
        internal byte* DStream;        // added to Dx
        internal float* Rstd, Partial;
        internal long Rows, N;
        internal int PerPart;
        internal float Eps;
    }

    /// <summary>The plain definition, statistics in fp32, rounded to x's type before the weight as LLaMA does it.</summary>
    internal static Tensor Reference(Tensor x, Tensor? weight, double eps)
    {
        var h = x.to(float32);
        var mean = h.square().mean([-1], keepdim: true);
        // An overflow shall be seen: 1 / infinity would make a row of zeros of it, which every later layer takes for a sound one.
        var y = (h * (mean + eps).rsqrt().masked_fill(mean.isfinite().logical_not(), double.NaN)).to(x.dtype);
        return weight is null ? y : weight * y;
    }

    internal static Tensor Apply(Tensor x, Tensor weight, double eps)
    {
        if (IsFused(x, weight)) return Aten.FusedRmsNorm(x, weight, eps);
        if (!Simd.Suits(x, weight) || weight.dim() != 1 || weight.size(0) != x.size(-1) || x.numel() == 0) return Reference(x, weight, eps);
        return x.dtype == float32 ? Run<F32>(x, weight, eps) : Run<BF16>(x, weight, eps);
    }

    // On a GPU libtorch's one kernel, which makes zeros of a row whose squares overflow: such a row stays in the residual stream, and is looked for behind the last block.
    private static bool IsFused(Tensor x, Tensor weight)
        => x.device_type == DeviceType.CUDA && weight.device_type == DeviceType.CUDA && weight.dtype == x.dtype && weight.dim() == 1 && weight.size(0) == x.size(-1) && x.numel() > 0;

    /// <summary>Rows in place, without a gradient.</summary>
    internal static void Run(Rows x, Tensor weight, double eps, Rows y)
    {
        var rstd = stackalloc float[x.Count];
        var context = new Context { X = x.Pointer, W = (byte*)weight.Pointer(), Y = y.Pointer, Rstd = rstd, Rows = x.Count, N = x.Width, PerPart = x.Count, Eps = (float)eps };
        using var _ = KernelProfile.IsOn ? KernelProfile.Of("norm", 0, 2.0 * x.Count * x.RowBytes) : default;
        if (x.Type == float32) Forward<F32>(&context, 0);
        else Forward<BF16>(&context, 0);
    }

    /// <summary>The residual sum and its norm: the sum is normed while it is in the caches, and both gradients of it are added up in one pass.</summary>
    internal static (Tensor Sum, Tensor Normed) Add(Tensor stream, Tensor update, Tensor weight, double eps)
    {
        if (!Simd.Suits(stream, update, weight) || weight.dim() != 1 || weight.size(0) != stream.size(-1) || stream.numel() == 0 || !stream.shape.AsSpan().SequenceEqual(update.shape))
        {
            var sum = stream + update;
            return (sum, Apply(sum, weight, eps));
        }
        return stream.dtype == float32 ? RunAdd<F32>(stream, update, weight, eps) : RunAdd<BF16>(stream, update, weight, eps);
    }

    private static Tensor Run<T>(Tensor x, Tensor weight, double eps) where T : IElement
    {
        Tensor y, rstd;
        using (torch.no_grad())
        {
            var from = x.contiguous();
            (y, rstd) = Norm<T>(new Context { X = (byte*)from.Pointer() }, from, weight, eps);
        }
        Autograd.Function([x, weight], [y], [x, weight, rstd], static (grads, saved) =>
        {
            var (x, weight, rstd) = (saved[0]!, saved[1]!, saved[2]!);
            return grads[0] is { } dy ? Backward<T>(dy, x, weight, rstd, x.requires_grad, null) : [null, null];
        });
        return y;
    }

    private static (Tensor Sum, Tensor Normed) RunAdd<T>(Tensor stream, Tensor update, Tensor weight, double eps) where T : IElement
    {
        Tensor sum, y, rstd;
        using (torch.no_grad())
        {
            var (a, b) = (stream.contiguous(), update.contiguous());
            sum = torch.empty_like(a);
            (y, rstd) = Norm<T>(new Context { Stream = (byte*)a.Pointer(), Update = (byte*)b.Pointer(), X = (byte*)sum.Pointer() }, sum, weight, eps);
            GC.KeepAlive(b);
        }
        var summed = stream.requires_grad || update.requires_grad;
        Autograd.Function([stream, update, weight], [sum, y], [sum, weight, rstd], (grads, saved) =>
        {
            if (grads[1] is not { } dy) return [grads[0], grads[0], null];
            var gradients = Backward<T>(dy, saved[0]!, saved[1]!, saved[2]!, summed, grads[0]);
            return [gradients[0], gradients[0], gradients[1]];
        });
        return (sum, y);
    }

    private static (Tensor Y, Tensor Rstd) Norm<T>(Context context, Tensor x, Tensor weight, double eps) where T : IElement
    {
        var w = weight.contiguous();
        var n = x.size(-1);
        var rows = x.numel() / n;
        Tensor y = torch.empty_like(x), rstd = torch.empty([rows]);
        context.W = (byte*)w.Pointer();
        context.Y = (byte*)y.Pointer();
        context.Rstd = (float*)rstd.Pointer();
        (context.Rows, context.N, context.PerPart, context.Eps) = (rows, n, Threads.RowsPerPart(rows, n), (float)eps);
        using (KernelProfile.IsOn ? KernelProfile.Of("norm", 0, (context.Stream == null ? 2.0 : 4.0) * rows * n * x.ElementSize) : default)
            Threads.For(Threads.Parts(rows, context.PerPart), &Forward<T>, &context);
        GC.KeepAlive(w);
        return (y, rstd);
    }

    // Gradients of x and of the weight; what flows into x past the norm is added where it is given.
    private static Tensor?[] Backward<T>(Tensor dy, Tensor x, Tensor weight, Tensor rstd, bool needsX, Tensor? past) where T : IElement
    {
        var (from, w, g, p) = (x.contiguous(), weight.contiguous(), dy.contiguous(), past?.contiguous());
        var n = x.size(-1);
        var rows = x.numel() / n;
        var dx = needsX ? torch.empty_like(from) : null;
        // Fixed blocks of rows, added up in order: the same bits whatever the threads.
        var perPart = weight.requires_grad ? 64 : Threads.RowsPerPart(rows, n);
        var parts = Threads.Parts(rows, perPart);
        var partial = weight.requires_grad ? torch.zeros(parts, n) : null;
        var context = new Context
        {
            X = (byte*)from.Pointer(), W = (byte*)w.Pointer(), Dy = (byte*)g.Pointer(), Rstd = (float*)rstd.Pointer(),
            Dx = dx is null ? null : (byte*)dx.Pointer(), DStream = p is null ? null : (byte*)p.Pointer(), Partial = partial is null ? null : (float*)partial.Pointer(),
            Rows = rows, N = n, PerPart = perPart,
        };
        using (KernelProfile.IsOn ? KernelProfile.Of("norm, backward", 0, (p is null ? 3.0 : 4.0) * rows * n * x.ElementSize) : default)
            Threads.For(parts, &BackwardPart<T>, &context);
        return [dx, partial?.sum([0]).to(weight.dtype)];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long n = c.N, end = Math.Min(c.Rows, (long)(part + 1) * c.PerPart);
        for (var row = (long)part * c.PerPart; row < end; row++)
        {
            var at = row * n;
            if (c.Stream != null) Sum<T>(c.Stream, c.Update, c.X, at, n);
            Vector512<float> a = default, b = default;
            var i = 0L;
            for (; i + 32 <= n; i += 32)
            {
                Vector512<float> u = T.Load(c.X, at + i), v = T.Load(c.X, at + i + 16);
                a = Vector512.FusedMultiplyAdd(u, u, a);
                b = Vector512.FusedMultiplyAdd(v, v, b);
            }
            a += b;
            for (; i + 16 <= n; i += 16)
            {
                var u = T.Load(c.X, at + i);
                a = Vector512.FusedMultiplyAdd(u, u, a);
            }
            var sum = Vector512.Sum(a);
            for (; i < n; i++) sum += T.Get(c.X, at + i) * T.Get(c.X, at + i);
            var rstd = Simd.InverseRoot(sum / n + c.Eps);
            c.Rstd[row] = rstd;
            for (i = 0; i + 16 <= n; i += 16) T.Store(c.Y, at + i, Simd.RoundTo<T>(T.Load(c.X, at + i) * rstd) * T.Load(c.W, i));
            if (i < n)
            {
                var rest = (int)(n - i);
                Simd.StoreTail<T>(c.Y, at + i, rest, Simd.RoundTo<T>(Simd.LoadTail<T>(c.X, at + i, rest) * rstd) * Simd.LoadTail<T>(c.W, i, rest));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<T>(byte* a, byte* b, byte* sum, long at, long n) where T : IElement
    {
        var i = 0L;
        for (; i + 16 <= n; i += 16) T.Store(sum, at + i, T.Load(a, at + i) + T.Load(b, at + i));
        for (; i < n; i++) T.Set(sum, at + i, T.Get(a, at + i) + T.Get(b, at + i));
    }

    // With h = x * rstd: dx = rstd * (w dy - h * mean(w dy h)), dw = sum over rows of dy h.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long n = c.N, whole = n / 16 * 16, end = Math.Min(c.Rows, (long)(part + 1) * c.PerPart);
        var rest = (int)(n - whole);
        for (var row = (long)part * c.PerPart; row < end; row++)
        {
            var at = row * n;
            var rstd = c.Rstd[row];
            Vector512<float> dot = default;
            for (var i = 0L; i < whole; i += 16)
                dot = Vector512.FusedMultiplyAdd(T.Load(c.Dy, at + i) * T.Load(c.W, i), T.Load(c.X, at + i), dot);
            if (rest > 0)
                dot += Simd.LoadTail<T>(c.Dy, at + whole, rest) * Simd.LoadTail<T>(c.W, whole, rest) * Simd.LoadTail<T>(c.X, at + whole, rest);
            var k = Vector512.Create(-Vector512.Sum(dot) * rstd * rstd / n);
            if (c.Dx != null)
            {
                for (var i = 0L; i < whole; i += 16)
                {
                    var v = rstd * Vector512.FusedMultiplyAdd(k, T.Load(c.X, at + i), T.Load(c.Dy, at + i) * T.Load(c.W, i));
                    T.Store(c.Dx, at + i, c.DStream == null ? v : v + T.Load(c.DStream, at + i));
                }
                if (rest > 0)
                {
                    var v = rstd * (Simd.LoadTail<T>(c.Dy, at + whole, rest) * Simd.LoadTail<T>(c.W, whole, rest) + k * Simd.LoadTail<T>(c.X, at + whole, rest));
                    Simd.StoreTail<T>(c.Dx, at + whole, rest, c.DStream == null ? v : v + Simd.LoadTail<T>(c.DStream, at + whole, rest));
                }
            }
            if (c.Partial != null)
            {
                var dw = c.Partial + part * n;
                for (var i = 0L; i < whole; i += 16)
                    Vector512.FusedMultiplyAdd(T.Load(c.Dy, at + i), rstd * T.Load(c.X, at + i), Vector512.Load(dw + i)).Store(dw + i);
                for (var i = whole; i < n; i++) dw[i] += T.Get(c.Dy, at + i) * T.Get(c.X, at + i) * rstd;
            }
        }
    }
}
