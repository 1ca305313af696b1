using System.Runtime.Intrinsics;

namespace AlpacaCot.Torch.Kernels;

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
        var x = logits.to(ScalarType.Float32);
        var p = x.softmax(-1);
        var one = targets.one_hot(x.size(-1)).to(ScalarType.Float32);
        return (x.logsumexp(-1) - (x * one).sum(-1), ((p - one) * weights.unsqueeze(-1)).to(logits.dtype));
    }

    internal static void Run(Tensor logits, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> losses)
    {
        var rows = targets.Length;
        if (logits.dim() != 2 || logits.size(0) != rows || losses.Length != rows || (!weights.IsEmpty && weights.Length != rows))
            throw new TorchException($"cross_entropy: logits {logits}, {rows} targets, {weights.Length} weights and {losses.Length} losses do not fit");
        if (!Simd.Suits(logits) || !logits.is_contiguous())
            throw new TorchException($"cross_entropy: logits must be contiguous fp32 or bf16 on the processor, not {logits}");
        var classes = logits.size(1);
        foreach (var t in targets) if ((uint)t >= (ulong)classes) throw new TorchException($"cross_entropy: target {t} of {classes} classes");
        fixed (int* t = targets)
        fixed (float* w = weights)
        fixed (float* l = losses)
        {
            var context = new Context
            {
                Logits = (byte*)Simd.Pointer(logits), Targets = t, Weights = weights.IsEmpty ? null : w, Losses = l, Rows = rows, Classes = classes,
                PerPart = Math.Max(1, Math.Min(8, (int)(16 * 1024 / Math.Max(1, classes)))),
            };
            Threads.For(Threads.Parts(rows, context.PerPart), logits.dtype == ScalarType.Float32 ? &Part<F32> : &Part<BF16>, &context);
        }
        GC.KeepAlive(logits);
    }

    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long n = c.Classes, whole = n / 32 * 32, end = Math.Min(c.Rows, (long)(part + 1) * c.PerPart);
        for (var row = (long)part * c.PerPart; row < end; row++)
        {
            var at = row * n;
            Vector512<float> a = Vector512.Create(float.NegativeInfinity), b = a;
            for (var i = 0L; i < whole; i += 32)
            {
                a = Vector512.MaxNative(a, T.Load(c.Logits, at + i));
                b = Vector512.MaxNative(b, T.Load(c.Logits, at + i + 16));
            }
            var max = Simd.Max(Vector512.MaxNative(a, b));
            for (var i = whole; i < n; i++) max = Math.Max(max, T.Get(c.Logits, at + i));

            var m = Vector512.Create(max);
            a = b = default;
            for (var i = 0L; i < whole; i += 32)
            {
                a += Simd.Exp(T.Load(c.Logits, at + i) - m);
                b += Simd.Exp(T.Load(c.Logits, at + i + 16) - m);
            }
            for (var i = whole; i < n; i += 16)
                a += Simd.Exp(Simd.LoadTail<T>(c.Logits, at + i, (int)Math.Min(16, n - i), float.NegativeInfinity) - m);
            var sum = Vector512.Sum(a + b);
            var lse = max + MathF.Log(sum);
            var target = c.Targets[row];
            c.Losses[row] = lse - T.Get(c.Logits, at + target);
            if (c.Weights == null) continue;

            var weight = c.Weights[row];
            var hit = weight * (MathF.Exp(T.Get(c.Logits, at + target) - max) / sum - 1);
            var scale = Vector512.Create(weight / sum);
            for (var i = 0L; i < whole; i += 16) T.Store(c.Logits, at + i, Simd.Exp(T.Load(c.Logits, at + i) - m) * scale);
            for (var i = whole; i < n; i += 16)
            {
                var rest = (int)Math.Min(16, n - i);
                Simd.StoreTail<T>(c.Logits, at + i, rest, Simd.Exp(Simd.LoadTail<T>(c.Logits, at + i, rest) - m) * scale);
            }
            T.Set(c.Logits, at + target, hit);
        }
    }
}
