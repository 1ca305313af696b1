using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// Dropout of rows <c>[rows, n]</c> by a key each: which elements of a row are dropped follows from its key alone, so that nothing has to be kept for the backward pass, which draws the
/// same again.
/// </summary>
/// <param name="keys">A random key for each row.</param>
/// <param name="p">The share that is dropped, in [0, 1).</param>
public sealed unsafe class RowMask(ulong[] keys, double p)
{
    private const int PerPart = 16 * 1024;

    private readonly uint _limit = (uint)(p * 4294967296.0);

    private struct Context
    {
        internal byte* X, Y;
        internal ulong* Keys;
        internal long Rows;
        internal int Width, PerPart;
        internal uint Limit;
        internal float Scale;
    }

    /// <summary>What the elements that stay are multiplied by: 1 / (1 − p).</summary>
    internal float Scale { get; } = (float)(1 / (1 - p));

    /// <summary>The rows with their share of zeros, the rest scaled up; with a gradient.</summary>
    /// <param name="x">A row for each key, in fp32 or bf16.</param>
    public Tensor Apply(Tensor x)
    {
        if (!Simd.Suits(x) || x.dim() != 2 || x.numel() == 0) return x * Factors(x);
        Tensor y;
        using (no_grad()) y = Run(x, Scale);
        if (Autograd.Records(x)) Autograd.Function([x], [y], [], (gradients, _) => [gradients[0] is { } dy ? Run(dy, Scale) : null]);
        return y;
    }

    /// <summary>The same without a gradient and without scaling: what stays keeps its bits.</summary>
    internal Tensor Zero(Tensor x) => Run(x, 1);

    /// <summary>The same in place.</summary>
    internal void ZeroInPlace(Tensor x) => Run(x, x, 1);

    // What every element is multiplied by, where the kernel does not reach: on a GPU.
    private Tensor Factors(Tensor x)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return Run(ones(x.shape, float32), Scale).to(x.dtype, x.device).MoveToOuterDisposeScope();
    }

    private Tensor Run(Tensor x, float scale)
    {
        var xs = x.contiguous();
        var y = empty_like(xs);
        Run(xs, y, scale);
        return y;
    }

    private void Run(Tensor x, Tensor y, float scale)
    {
        var (rows, width) = (x.size(0), (int)x.size(1));
        if (rows != keys.Length) throw new ArgumentException($"{rows} rows have {keys.Length} keys", nameof(x));
        fixed (ulong* first = keys)
        {
            var context = new Context { X = (byte*)x.Pointer(), Y = (byte*)y.Pointer(), Keys = first, Rows = rows, Width = width, PerPart = Math.Max(1, PerPart / width), Limit = _limit, Scale = scale };
            using var _ = KernelProfile.IsOn ? KernelProfile.Of("dropout", 0, 2.0 * rows * width * x.ElementSize) : default;
            Threads.For(Threads.Parts(rows, context.PerPart), x.dtype == float32 ? &Part<F32> : &Part<BF16>, &context);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        var (limit, scale) = (Vector512.Create(c.Limit), Vector512.Create(c.Scale));
        for (long row = (long)part * c.PerPart, end = Math.Min(c.Rows, row + c.PerPart); row < end; row++)
        {
            // Half of the key says where the counter begins, the other half turns what comes of it: two rows whose counters meet do not drop alike.
            var (at, key) = (row * c.Width, c.Keys[row]);
            Vector512<uint> counter = Vector512.CreateSequence((uint)key, 1u), turn = Vector512.Create((uint)(key >> 32));
            var i = 0;
            for (; i + 16 <= c.Width; i += 16, counter += Vector512.Create(16u))
            {
                var kept = Vector512.GreaterThanOrEqual(Mix(counter) ^ turn, limit);
                T.Store(c.Y, at + i, Vector512.BitwiseAnd(T.Load(c.X, at + i) * scale, kept.AsSingle()));
            }
            for (; i < c.Width; i++) T.Set(c.Y, at + i, (Mix((uint)key + (uint)i) ^ (uint)(key >> 32)) >= c.Limit ? T.Get(c.X, at + i) * c.Scale : 0);
        }
    }

    // A 32-bit finaliser of the murmur kind (C. Wellons' lowbias32).
    private static uint Mix(uint x)
    {
        x = (x ^ (x >> 16)) * 0x7FEB352D;
        x = (x ^ (x >> 15)) * 0x846CA68B;
        return x ^ (x >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Mix(Vector512<uint> x)
    {
        x = (x ^ (x >> 16)) * Vector512.Create(0x7FEB352Du);
        x = (x ^ (x >> 15)) * Vector512.Create(0x846CA68Bu);
        return x ^ (x >> 16);
    }
}
