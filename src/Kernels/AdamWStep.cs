using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// One AdamW step (Loshchilov and Hutter 2019) over all parameters: p ← p (1 - lr·decay), moments updated, then
/// p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε). On the processor in a single pass per parameter, elsewhere by libtorch's fused operator.
/// </summary>
public static unsafe class AdamWStep
{
    private const int PerPart = 16 * 1024;

    private struct Piece
    {
        internal float* P, G, M, V;
        internal int N;
        internal float Keep;
    }

    private struct Context
    {
        internal Piece* Pieces;
        internal float Beta1, Beta2, One1, One2, Eps, Rate, InverseRoot, GradScale;
    }

    /// <summary>The plain definition for one parameter: decay, moments, bias-corrected step.</summary>
    internal static void Reference(Tensor p, Tensor g, Tensor m, Tensor v, double lr, double beta1, double beta2, double eps, double decay, long step, double gradScale)
    {
        using var _ = torch.no_grad();
        g = g * gradScale;
        p.mul_(1 - lr * decay);
        m.mul_(beta1);
        m.add_(g, 1 - beta1);
        v.mul_(beta2);
        v.addcmul_(g, g, 1 - beta2);
        var denominator = v.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, step)) + eps;
        p.addcdiv_(m, denominator, -lr / (1 - Math.Pow(beta1, step)));
    }

    /// <summary>Updates parameters and moments in place.</summary>
    /// <param name="p">Parameters: fp32, contiguous, on one device.</param>
    /// <param name="g">One gradient per parameter.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="lr">Learning rate.</param>
    /// <param name="beta1">Decay of m.</param>
    /// <param name="beta2">Decay of v.</param>
    /// <param name="eps">Added to the denominator, after the bias correction.</param>
    /// <param name="decay">Weight decay, one per parameter.</param>
    /// <param name="step">t, from 1 on.</param>
    /// <param name="gradScale">Multiplies the gradients first (clipping).</param>
    /// <exception cref="ArgumentException">Sizes or types do not fit.</exception>
    public static void Apply(IReadOnlyList<Tensor> p, IReadOnlyList<Tensor> g, IReadOnlyList<Tensor> m, IReadOnlyList<Tensor> v, double lr, double beta1, double beta2,
        double eps, ReadOnlySpan<double> decay, long step, double gradScale = 1)
    {
        if (g.Count != p.Count || m.Count != p.Count || v.Count != p.Count || decay.Length != p.Count)
            throw new ArgumentException($"adamw: {p.Count} parameters, {g.Count} gradients, {m.Count} and {v.Count} moments, {decay.Length} decays");
        if (p.All(parameter => parameter.device_type == DeviceType.CPU)) OnProcessor(p, g, m, v, lr, beta1, beta2, eps, decay, step, gradScale);
        else Fused(p, g, m, v, lr, beta1, beta2, eps, decay, step, gradScale);
    }

    /// <summary>By libtorch's operator, parameters of one decay at a time.</summary>
    internal static void Fused(IReadOnlyList<Tensor> p, IReadOnlyList<Tensor> g, IReadOnlyList<Tensor> m, IReadOnlyList<Tensor> v, double lr, double beta1, double beta2,
        double eps, ReadOnlySpan<double> decay, long step, double gradScale)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var decays = decay.ToArray();
        foreach (var group in Enumerable.Range(0, p.Count).GroupBy(i => (decays[i], p[i].device.ToString())))
        {
            Tensor[] Of(IReadOnlyList<Tensor> tensors) => [.. group.Select(i => tensors[i])];
            var gradients = Of(g);
            if (gradScale != 1) gradients = Array.ConvertAll(gradients, gradient => gradient * gradScale);
            var steps = full([1], step, float32, p[group.First()].device);
            Aten.FusedAdamW(Of(p), gradients, Of(m), Of(v), [.. group.Select(_ => steps)], lr, beta1, beta2, group.Key.Item1, eps);
        }
    }

    private static void OnProcessor(IReadOnlyList<Tensor> p, IReadOnlyList<Tensor> g, IReadOnlyList<Tensor> m, IReadOnlyList<Tensor> v, double lr, double beta1, double beta2,
        double eps, ReadOnlySpan<double> decay, long step, double gradScale)
    {
        var pieces = new List<Piece>();
        var kept = new List<Tensor>();
        for (var i = 0; i < p.Count; i++)
        {
            var n = p[i].numel();
            var gradient = g[i].is_contiguous() ? g[i] : g[i].contiguous();
            kept.Add(gradient);
            foreach (var t in (ReadOnlySpan<Tensor>)[p[i], gradient, m[i], v[i]])
            {
                if (t.dtype != float32 || t.device_type != DeviceType.CPU || !t.is_contiguous() || t.numel() != n)
                    throw new ArgumentException($"adamw: parameter {i} {p[i].Describe()}, its gradient {g[i].Describe()} and moments must be fp32, contiguous, on the processor and of one size");
            }
            float* pp = (float*)p[i].Pointer(), gp = (float*)gradient.Pointer(), mp = (float*)m[i].Pointer(), vp = (float*)v[i].Pointer();
            for (var at = 0L; at < n; at += PerPart)
            {
                pieces.Add(new Piece
                {
                    P = pp + at, G = gp + at, M = mp + at, V = vp + at, N = (int)Math.Min(PerPart, n - at), Keep = (float)(1 - lr * decay[i]),
                });
            }
        }
        fixed (Piece* all = CollectionsMarshal.AsSpan(pieces))
        {
            var context = new Context
            {
                // 1 − β in double, rounded once, as torch takes it: 1 − 0.999f is wrong by 10⁻⁵.
                Pieces = all, Beta1 = (float)beta1, Beta2 = (float)beta2, One1 = (float)(1 - beta1), One2 = (float)(1 - beta2), Eps = (float)eps, Rate = (float)(lr / (1 - Math.Pow(beta1, step))),
                InverseRoot = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step))), GradScale = (float)gradScale,
            };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("AdamW", 0, 7.0 * sizeof(float) * p.Sum(parameter => parameter.numel())) : default;
            Threads.For(pieces.Count, &Part, &context);
        }
        GC.KeepAlive(kept);
        GC.KeepAlive(p);
        GC.KeepAlive(m);
        GC.KeepAlive(v);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(void* context, int part)
    {
        ref var c = ref *(Context*)context;
        ref var s = ref c.Pieces[part];
        float b1 = c.Beta1, b2 = c.Beta2, one1 = c.One1, one2 = c.One2;
        var i = 0;
        for (; i + 16 <= s.N; i += 16)
        {
            var g = Vector512.Load(s.G + i) * c.GradScale;
            var m = Vector512.Load(s.M + i) * b1 + g * one1;
            var v = Vector512.Load(s.V + i) * b2 + g * g * one2;
            m.Store(s.M + i);
            v.Store(s.V + i);
            var denominator = Vector512.Sqrt(v) * c.InverseRoot + Vector512.Create(c.Eps);
            (Vector512.Load(s.P + i) * s.Keep - m / denominator * c.Rate).Store(s.P + i);
        }
        for (; i < s.N; i++)
        {
            var g = s.G[i] * c.GradScale;
            s.M[i] = s.M[i] * b1 + g * one1;
            s.V[i] = s.V[i] * b2 + g * g * one2;
            s.P[i] = s.P[i] * s.Keep - s.M[i] / (MathF.Sqrt(s.V[i]) * c.InverseRoot + c.Eps) * c.Rate;
        }
    }
}
