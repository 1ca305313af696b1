using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Cross entropy over rows of logits in fp32, with the gradient written over the logits: the largest activation of a training step
/// is read twice and written once, and never copied.
/// </summary>
internal static unsafe class CrossEntropy
{
    private struct Context
    {
        internal byte* Logits;
        internal int* Targets;
        internal float* Weights, Losses;
        internal long Rows, Classes;
        internal int PerPart;
    }

    /// <summary>The plain definition: losses per row and, for weights, the gradient of their weighted sum.</summary>
    internal static (Tensor Losses, Tensor Gradient) Reference(Tensor logits, Tensor targets, Tensor weights)
    {
        var x = logits.to(float32);
        var p = x.softmax(-1);
        var one = nn.functional.one_hot(targets, x.size(-1)).to(float32);
        return (x.logsumexp(-1) - (x * one).sum(-1), ((p - one) * weights.unsqueeze(-1)).to(logits.dtype));
    }

    internal static void Run(Tensor logits, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> losses)
    {
        var rows = targets.Length;
        if (logits.dim() != 2 || logits.size(0) != rows || losses.Length != rows || (!weights.IsEmpty && weights.Length != rows))
            throw new ArgumentException($"cross_entropy: logits {logits.Describe()}, {rows} targets, {weights.Length} weights and {losses.Length} losses do not fit");
        if (!Simd.Suits(logits) || !logits.is_contiguous())
            throw new ArgumentException($"cross_entropy: logits must be contiguous fp32 or bf16 on the processor, not {logits.Describe()}");
        var classes = logits.size(1);
        foreach (var t in targets) if ((uint)t >= (ulong)classes) throw new ArgumentException($"cross_entropy: target {t} of {classes} classes");
        fixed (int* t = targets)
        fixed (float* w = weights)
        fixed (float* l = losses)
        {
            var context = new Context
            {
                Logits = (byte*)logits.Pointer(), Targets = t, Weights = weights.IsEmpty ? null : w, Losses = l, Rows = rows, Classes = classes,
                PerPart = Math.Max(1, Math.Min(8, (int)(16 * 1024 / Math.Max(1, classes)))),
            };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("cross entropy", 0, (weights.IsEmpty ? 1.0 : 2.0) * logits.numel() * logits.ElementSize) : default;
            Threads.For(Threads.Parts(rows, context.PerPart), logits.dtype == float32 ? &Part<F32> : &Part<BF16>, &context);
        }
        GC.KeepAlive(logits);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var end = Math.Min(c.Rows, (long)(part + 1) * c.PerPart);
        // Kept for the gradient: to read them costs less than to compute them.
        var exponentials = c.Weights == null ? null : new Scratch(c.Classes, 1).Take(c.Classes);
        for (var row = (long)part * c.PerPart; row < end; row++)
        {
            var at = row * c.Classes;
            var max = Largest<T>(c.Logits, at, c.Classes);
            var sum = SumOfExponentials<T>(c.Logits, at, c.Classes, max, exponentials);
            var target = T.Get(c.Logits, at + c.Targets[row]);
            c.Losses[row] = max + MathF.Log(sum) - target;
            if (c.Weights == null) continue;
            var weight = c.Weights[row];
            Scaled<T>(exponentials, c.Classes, weight / sum, c.Logits, at);
            T.Set(c.Logits, at + c.Targets[row], weight * (MathF.Exp(target - max) / sum - 1));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Largest<T>(byte* logits, long at, long n) where T : IElement
    {
        Vector512<float> a = Vector512.Create(float.NegativeInfinity), b = a;
        var i = 0L;
        for (; i + 32 <= n; i += 32)
        {
            a = Vector512.MaxNative(a, T.Load(logits, at + i));
            b = Vector512.MaxNative(b, T.Load(logits, at + i + 16));
        }
        var max = Simd.Max(Vector512.MaxNative(a, b));
        for (; i < n; i++) max = Math.Max(max, T.Get(logits, at + i));
        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfExponentials<T>(byte* logits, long at, long n, float max, float* exponentials) where T : IElement
    {
        var m = Vector512.Create(max);
        Vector512<float> a = default, b = default;
        var i = 0L;
        for (; i + 32 <= n; i += 32)
        {
            Vector512<float> first = Simd.Exp(T.Load(logits, at + i) - m), second = Simd.Exp(T.Load(logits, at + i + 16) - m);
            (a, b) = (a + first, b + second);
            if (exponentials == null) continue;
            first.Store(exponentials + i);
            second.Store(exponentials + i + 16);
        }
        var sum = Vector512.Sum(a + b);
        for (; i < n; i++)
        {
            var e = MathF.Exp(T.Get(logits, at + i) - max);
            sum += e;
            if (exponentials != null) exponentials[i] = e;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scaled<T>(float* from, long n, float scale, byte* to, long at) where T : IElement
    {
        var f = Vector512.Create(scale);
        var i = 0L;
        for (; i + 16 <= n; i += 16) T.Store(to, at + i, Vector512.Load(from + i) * f);
        for (; i < n; i++) T.Set(to, at + i, from[i] * scale);
    }
}
