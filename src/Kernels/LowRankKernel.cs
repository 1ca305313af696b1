using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// The three small products of a low-rank update over rows <c>[rows, width]</c> in fp32 or bf16, with factors in fp32: oneDNN prepares a kernel for every
/// number of rows it has not met, which costs more than these products do. What a row gives depends on no other row and on no number of threads.
/// </summary>
internal static unsafe class LowRankKernel
{
    private const int RowsPerPart = 16, ColumnsPerPart = 64;

    internal struct Context
    {
        internal byte* X, Y, Into;      // rows that are read; rows that the result is added to, or none; where the result goes
        internal float* Down, Up;       // factors [rank, x's width] and [rank, result's width]
        internal float* Middle;         // [rows, rank]: written by Rows, read by Columns
        internal float* Sums;           // [rank, x's width]
        internal long Rows;
        internal int Width, OutWidth, Rank;
        internal float Scale;
    }

    /// <summary>middle = scale · x Downᵀ; into = y + middle Up, where a result is asked for.</summary>
    internal static void Rows(bool isSingle, Context context)
    {
        using var _ = Measured(isSingle, context, context.Into == null ? 0 : context.OutWidth);
        Threads.For(Threads.Parts(context.Rows, RowsPerPart), isSingle ? &RowPart<F32> : &RowPart<BF16>, &context);
    }

    /// <summary>sums = scale · middleᵀ x.</summary>
    internal static void Columns(bool isSingle, Context context)
    {
        using var _ = Measured(isSingle, context, 0);
        Threads.For(Threads.Parts(context.Width, ColumnsPerPart), isSingle ? &ColumnPart<F32> : &ColumnPart<BF16>, &context);
    }

    private static KernelProfile.Measurement Measured(bool isSingle, in Context c, int outputs)
        => KernelProfile.IsOn ? KernelProfile.Of("low-rank update", 2.0 * c.Rows * c.Rank * (c.Width + outputs), (double)c.Rows * (c.Width + 2 * outputs) * (isSingle ? 4 : 2)) : default;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long row = (long)part * RowsPerPart, end = Math.Min(c.Rows, row + RowsPerPart);
        for (; row < end; row++)
        {
            var middle = c.Middle + row * c.Rank;
            var rank = 0;
            for (; rank + 4 <= c.Rank; rank += 4) FourDots<T>(c.X, row * c.Width, c.Down + (long)rank * c.Width, c.Width, c.Scale, middle + rank);
            for (; rank < c.Rank; rank++) middle[rank] = c.Scale * Dot<T>(c.X, row * c.Width, c.Down + (long)rank * c.Width, c.Width);
            if (c.Into != null) Combine<T>(ref c, row, middle);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourDots<T>(byte* x, long at, float* a, int n, float scale, float* into) where T : IElement
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        float* b = a + n, c = b + n, d = c + n;
        var i = 0;
        for (; i + 16 <= n; i += 16)
        {
            var v = T.Load(x, at + i);
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(a + i), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(b + i), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(c + i), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(d + i), s3);
        }
        float t0 = Vector512.Sum(s0), t1 = Vector512.Sum(s1), t2 = Vector512.Sum(s2), t3 = Vector512.Sum(s3);
        for (; i < n; i++)
        {
            var v = T.Get(x, at + i);
            (t0, t1, t2, t3) = (t0 + v * a[i], t1 + v * b[i], t2 + v * c[i], t3 + v * d[i]);
        }
        (into[0], into[1], into[2], into[3]) = (scale * t0, scale * t1, scale * t2, scale * t3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<T>(byte* x, long at, float* a, int n) where T : IElement
    {
        Vector512<float> sums = default;
        var i = 0;
        for (; i + 16 <= n; i += 16) sums = Vector512.FusedMultiplyAdd(T.Load(x, at + i), Vector512.Load(a + i), sums);
        var sum = Vector512.Sum(sums);
        for (; i < n; i++) sum += T.Get(x, at + i) * a[i];
        return sum;
    }

    // into = y + middle Up for one row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine<T>(ref Context c, long row, float* middle) where T : IElement
    {
        var (n, at) = (c.OutWidth, row * c.OutWidth);
        var i = 0;
        for (; i + 32 <= n; i += 32)
        {
            Vector512<float> first = default, second = default;
            if (c.Y != null) (first, second) = (T.Load(c.Y, at + i), T.Load(c.Y, at + i + 16));
            var up = c.Up + i;
            for (var r = 0; r < c.Rank; r++, up += n)
            {
                var factor = Vector512.Create(middle[r]);
                first = Vector512.FusedMultiplyAdd(factor, Vector512.Load(up), first);
                second = Vector512.FusedMultiplyAdd(factor, Vector512.Load(up + 16), second);
            }
            T.Store(c.Into, at + i, first);
            T.Store(c.Into, at + i + 16, second);
        }
        for (; i < n; i++)
        {
            var sum = c.Y == null ? 0 : T.Get(c.Y, at + i);
            for (var r = 0; r < c.Rank; r++) sum += middle[r] * c.Up[(long)r * n + i];
            T.Set(c.Into, at + i, sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ColumnPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        int column = part * ColumnsPerPart, end = Math.Min(c.Width, column + ColumnsPerPart);
        for (; column + 32 <= end; column += 32)
        {
            var rank = 0;
            for (; rank + 4 <= c.Rank; rank += 4) FourSums<T>(ref c, column, rank);
            for (; rank < c.Rank; rank++) OneSum<T>(ref c, column, rank);
        }
        for (; column < end; column++)
        {
            for (var rank = 0; rank < c.Rank; rank++)
            {
                var sum = 0f;
                for (var row = 0L; row < c.Rows; row++) sum += c.Middle[row * c.Rank + rank] * T.Get(c.X, row * c.Width + column);
                c.Sums[(long)rank * c.Width + column] = c.Scale * sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourSums<T>(ref Context c, int column, int rank) where T : IElement
    {
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        var middle = c.Middle + rank;
        for (long row = 0, at = column; row < c.Rows; row++, at += c.Width, middle += c.Rank)
        {
            Vector512<float> x0 = T.Load(c.X, at), x1 = T.Load(c.X, at + 16);
            Vector512<float> m0 = Vector512.Create(middle[0]), m1 = Vector512.Create(middle[1]), m2 = Vector512.Create(middle[2]), m3 = Vector512.Create(middle[3]);
            (a0, a1) = (Vector512.FusedMultiplyAdd(m0, x0, a0), Vector512.FusedMultiplyAdd(m0, x1, a1));
            (b0, b1) = (Vector512.FusedMultiplyAdd(m1, x0, b0), Vector512.FusedMultiplyAdd(m1, x1, b1));
            (c0, c1) = (Vector512.FusedMultiplyAdd(m2, x0, c0), Vector512.FusedMultiplyAdd(m2, x1, c1));
            (d0, d1) = (Vector512.FusedMultiplyAdd(m3, x0, d0), Vector512.FusedMultiplyAdd(m3, x1, d1));
        }
        var into = c.Sums + (long)rank * c.Width + column;
        Store(into, a0, a1, c.Scale);
        Store(into + c.Width, b0, b1, c.Scale);
        Store(into + 2L * c.Width, c0, c1, c.Scale);
        Store(into + 3L * c.Width, d0, d1, c.Scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneSum<T>(ref Context c, int column, int rank) where T : IElement
    {
        Vector512<float> first = default, second = default;
        var middle = c.Middle + rank;
        for (long row = 0, at = column; row < c.Rows; row++, at += c.Width, middle += c.Rank)
        {
            var factor = Vector512.Create(*middle);
            first = Vector512.FusedMultiplyAdd(factor, T.Load(c.X, at), first);
            second = Vector512.FusedMultiplyAdd(factor, T.Load(c.X, at + 16), second);
        }
        Store(c.Sums + (long)rank * c.Width + column, first, second, c.Scale);
    }

    private static void Store(float* into, Vector512<float> first, Vector512<float> second, float scale)
    {
        (first * scale).Store(into);
        (second * scale).Store(into + 16);
    }
}
