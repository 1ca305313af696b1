using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>Every row times one vector of factors in fp32, with a gradient for both, as one node: a pass forward and a pass back.</summary>
internal static unsafe class RowScale
{
    private const int ColumnsPerPart = 64;

    private struct Context
    {
        internal byte* X, Y, Dy, Dx;    // Dx may be none
        internal float* Factors, Sums;
        internal long Rows;
        internal int Width, PerPart;
    }

    /// <summary>The plain definition.</summary>
    internal static Tensor Reference(Tensor x, Tensor factors) => (x * factors).to(x.dtype);

    internal static Tensor Apply(Tensor x, Tensor factors)
    {
        if (!Simd.Suits(x) || x.dim() != 2 || x.numel() == 0 || factors.dtype != float32 || factors.device_type != DeviceType.CPU || factors.dim() != 1 || factors.size(0) != x.size(1)) return Reference(x, factors);
        return x.dtype == float32 ? Run<F32>(x, factors) : Run<BF16>(x, factors);
    }

    private static Tensor Run<T>(Tensor x, Tensor factors) where T : IElement
    {
        var (rows, width) = (x.size(0), (int)x.size(1));
        Tensor y;
        using (no_grad())
        {
            Tensor xs = x.contiguous(), by = factors.contiguous();
            y = empty([rows, width], x.dtype);
            var context = new Context { X = (byte*)xs.Pointer(), Y = (byte*)y.Pointer(), Factors = (float*)by.Pointer(), Rows = rows, Width = width, PerPart = Threads.RowsPerPart(rows, width) };
            Threads.For(Threads.Parts(rows, context.PerPart), &Forward<T>, &context);
        }
        if (!Autograd.Records(x, factors)) return y;
        var (forX, forFactors) = (x.requires_grad, factors.requires_grad);
        Autograd.Function([x, factors], [y], [x, factors], (gradients, saved) =>
        {
            if (gradients[0] is not { } gradient) return [null, null];
            Tensor xs = saved[0]!.contiguous(), by = saved[1]!.contiguous(), dy = gradient.contiguous(), sums = empty([width], float32);
            var dx = forX ? empty([rows, width], T.Type) : null;
            var context = new Context
            {
                X = (byte*)xs.Pointer(), Dy = (byte*)dy.Pointer(), Dx = dx is null ? null : (byte*)dx.Pointer(), Factors = (float*)by.Pointer(), Sums = (float*)sums.Pointer(), Rows = rows, Width = width,
            };
            Threads.For(Threads.Parts(width, ColumnsPerPart), &Backward<T>, &context);
            return [dx, forFactors ? sums : null];
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long row = (long)part * c.PerPart, end = Math.Min(c.Rows, row + c.PerPart);
        for (; row < end; row++) Row<T>(c.X, c.Y, row * c.Width, c.Factors, c.Width);
    }

    /// <summary>The elements of one row, which begins at the same place of x and of y; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Row<T>(byte* x, byte* y, long at, float* factors, int width) where T : IElement
    {
        var i = 0;
        for (; i + Simd.Lanes <= width; i += Simd.Lanes) T.Store(y, at + i, T.Load(x, at + i) * Vector512.Load(factors + i));
        for (; i < width; i++) T.Set(y, at + i, T.Get(x, at + i) * factors[i]);
    }

    // A strip of columns: dx = dy · factors, and the sums over all rows of dy · x.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        int column = part * ColumnsPerPart, end = Math.Min(c.Width, column + ColumnsPerPart);
        for (; column + 32 <= end; column += 32)
        {
            Vector512<float> first = Vector512.Load(c.Factors + column), second = Vector512.Load(c.Factors + column + 16), firstSum = default, secondSum = default;
            for (long row = 0, at = column; row < c.Rows; row++, at += c.Width)
            {
                Vector512<float> dy0 = T.Load(c.Dy, at), dy1 = T.Load(c.Dy, at + 16);
                firstSum = Vector512.FusedMultiplyAdd(dy0, T.Load(c.X, at), firstSum);
                secondSum = Vector512.FusedMultiplyAdd(dy1, T.Load(c.X, at + 16), secondSum);
                if (c.Dx == null) continue;
                T.Store(c.Dx, at, dy0 * first);
                T.Store(c.Dx, at + 16, dy1 * second);
            }
            firstSum.Store(c.Sums + column);
            secondSum.Store(c.Sums + column + 16);
        }
        for (; column < end; column++)
        {
            var sum = 0f;
            for (long row = 0, at = column; row < c.Rows; row++, at += c.Width)
            {
                var dy = T.Get(c.Dy, at);
                sum += dy * T.Get(c.X, at);
                if (c.Dx != null) T.Set(c.Dx, at, dy * c.Factors[column]);
            }
            c.Sums[column] = sum;
        }
    }
}
