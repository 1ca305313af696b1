using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// The three small products of a low-rank update, with a function between the first two or none, over rows <c>[rows, width]</c> in fp32 or bf16, with
/// factors in fp32: oneDNN prepares a kernel for every number of rows it has not met, which costs more than these products do. What a row gives depends on
/// no other row and on no number of threads.
/// </summary>
internal static unsafe class LowRankKernel
{
    private const int RowsPerPart = 16, ColumnsPerPart = 64;

    internal struct Context
    {
        internal byte* X, Y, Into;      // rows that are read; rows that the result is added to, or none; where the result goes
        internal float* Down, Up;       // factors [rank, x's width] and [rank, result's width]
        internal float* Middle;         // [rows, rank]: written by Rows, read by Columns
        internal float* Inner;          // [rows, rank]: what the function was applied to; written for Function, read for Slope
        internal MiddleFunction Function, Slope;
        internal float* Sums;           // [rank, x's width], or the other way round
        internal bool Turned;           // whether it is that
        internal long Rows;
        internal int Width, OutWidth, Rank;
        internal float Scale;
    }

    /// <summary>
    /// middle = scale · x Downᵀ; then inner = middle and middle = Function(inner), or middle = middle · Slope's derivative at inner; into = y + middle Up, where a result is asked for.
    /// </summary>
    internal static void Rows(bool isSingle, Context context)
    {
        using var _ = Measured(isSingle, context, context.Into == null ? 0 : context.OutWidth);
        Threads.For(Threads.Parts(context.Rows, RowsPerPart), isSingle ? &RowPart<F32> : &RowPart<BF16>, &context);
    }

    /// <summary>sums = scale · middleᵀ x, or the transpose of that.</summary>
    internal static void Columns(bool isSingle, Context context)
    {
        using var _ = Measured(isSingle, context, 0);
        Threads.For(Threads.Parts(context.Width, ColumnsPerPart), isSingle ? &ColumnPart<F32> : &ColumnPart<BF16>, &context);
    }

    /// <summary>to [columns, rows] = scale · the transpose of from [rows, columns].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Turn(float* from, int rows, int columns, float scale, float* to)
    {
        var row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            var column = 0;
            float* a = from + (long)row * columns, into = to + row;
            for (; column + 4 <= columns; column += 4, into += 4L * rows)
                Store(into, rows, Vector128.Load(a + column), Vector128.Load(a + column + columns), Vector128.Load(a + column + 2L * columns), Vector128.Load(a + column + 3L * columns), scale);
            for (; column < columns; column++, into += rows)
                for (var r = 0; r < 4; r++) into[r] = scale * a[(long)r * columns + column];
        }
        for (; row < rows; row++)
            for (var column = 0; column < columns; column++) to[(long)column * rows + row] = scale * from[(long)row * columns + column];
    }

    private static KernelProfile.Measurement Measured(bool isSingle, in Context c, int outputs)
        => KernelProfile.IsOn ? KernelProfile.Of("low-rank update", 2.0 * c.Rows * c.Rank * (c.Width + outputs), (double)c.Rows * (c.Width + 2 * outputs) * (isSingle ? 4 : 2)) : default;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowPart<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long row = (long)part * RowsPerPart, end = Math.Min(c.Rows, row + RowsPerPart);
        for (; Simd.IsWide && row + 4 <= end; row += 4)
        {
            var rank = 0;
            for (; rank + 4 <= c.Rank; rank += 4) SixteenDots<T>(ref c, row, rank);
            for (; rank < c.Rank; rank++)
                for (var r = row; r < row + 4; r++) c.Middle[r * c.Rank + rank] = c.Scale * Dot<T>(c.X, r * c.Width, c.Down + (long)rank * c.Width, c.Width);
            Between(ref c, row, 4);
            if (c.Into != null) CombineFour<T>(ref c, row);
        }
        for (; row < end; row++)
        {
            var middle = c.Middle + row * c.Rank;
            var rank = 0;
            for (; rank + 4 <= c.Rank; rank += 4) FourDots<T>(ref c, row * c.Width, c.Down + (long)rank * c.Width, middle + rank);
            for (; rank < c.Rank; rank++) middle[rank] = c.Scale * Dot<T>(c.X, row * c.Width, c.Down + (long)rank * c.Width, c.Width);
            Between(ref c, row, 1);
            if (c.Into != null) Combine<T>(ref c, row, middle);
        }
    }

    private static void Between(ref Context c, long row, int count)
    {
        MiddleFunctions.Apply(c.Function, c.Inner + row * c.Rank, c.Middle + row * c.Rank, count * c.Rank);
        MiddleFunctions.ApplySlope(c.Slope, c.Inner + row * c.Rank, c.Middle + row * c.Rank, count * c.Rank);
    }

    // Four rows by four ranks, where registers hold them all: each sum in the order that FourDots has.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SixteenDots<T>(ref Context c, long row, int rank) where T : IElement
    {
        var n = c.Width;
        long x0 = row * n, x1 = x0 + n, x2 = x1 + n, x3 = x2 + n;
        float* a = c.Down + (long)rank * n, b = a + n, d = b + n, e = d + n;
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        Vector512<float> s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        var i = 0;
        for (; i + 16 <= n; i += 16)
        {
            Vector512<float> va = Vector512.Load(a + i), vb = Vector512.Load(b + i), vd = Vector512.Load(d + i), ve = Vector512.Load(e + i);
            var v = T.Load(c.X, x0 + i);
            (s00, s01) = (Vector512.FusedMultiplyAdd(v, va, s00), Vector512.FusedMultiplyAdd(v, vb, s01));
            (s02, s03) = (Vector512.FusedMultiplyAdd(v, vd, s02), Vector512.FusedMultiplyAdd(v, ve, s03));
            v = T.Load(c.X, x1 + i);
            (s10, s11) = (Vector512.FusedMultiplyAdd(v, va, s10), Vector512.FusedMultiplyAdd(v, vb, s11));
            (s12, s13) = (Vector512.FusedMultiplyAdd(v, vd, s12), Vector512.FusedMultiplyAdd(v, ve, s13));
            v = T.Load(c.X, x2 + i);
            (s20, s21) = (Vector512.FusedMultiplyAdd(v, va, s20), Vector512.FusedMultiplyAdd(v, vb, s21));
            (s22, s23) = (Vector512.FusedMultiplyAdd(v, vd, s22), Vector512.FusedMultiplyAdd(v, ve, s23));
            v = T.Load(c.X, x3 + i);
            (s30, s31) = (Vector512.FusedMultiplyAdd(v, va, s30), Vector512.FusedMultiplyAdd(v, vb, s31));
            (s32, s33) = (Vector512.FusedMultiplyAdd(v, vd, s32), Vector512.FusedMultiplyAdd(v, ve, s33));
        }
        var into = c.Middle + row * c.Rank + rank;
        Finish<T>(ref c, x0, a, i, s00, s01, s02, s03, into);
        Finish<T>(ref c, x1, a, i, s10, s11, s12, s13, into + c.Rank);
        Finish<T>(ref c, x2, a, i, s20, s21, s22, s23, into + 2L * c.Rank);
        Finish<T>(ref c, x3, a, i, s30, s31, s32, s33, into + 3L * c.Rank);
    }

    // What is left of a row from i on, and the scale.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T>(ref Context context, long at, float* a, int i, Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3, float* into) where T : IElement
    {
        var n = context.Width;
        float* b = a + n, c = b + n, d = c + n;
        var sums = Simd.Sums(s0, s1, s2, s3);
        for (; i < n; i++) sums += Vector128.Create(T.Get(context.X, at + i)) * Vector128.Create(a[i], b[i], c[i], d[i]);
        (sums * context.Scale).Store(into);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourDots<T>(ref Context context, long at, float* a, float* into) where T : IElement
    {
        var n = context.Width;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        float* b = a + n, c = b + n, d = c + n;
        var i = 0;
        for (; i + 16 <= n; i += 16)
        {
            var v = T.Load(context.X, at + i);
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(a + i), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(b + i), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(c + i), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(d + i), s3);
        }
        Finish<T>(ref context, at, a, i, s0, s1, s2, s3, into);
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

    // into = y + middle Up for four rows, each in the order that Combine has.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CombineFour<T>(ref Context c, long row) where T : IElement
    {
        var n = c.OutWidth;
        long y0 = row * n, y1 = y0 + n, y2 = y1 + n, y3 = y2 + n;
        var i = 0;
        for (; i + 32 <= n; i += 32)
        {
            Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, d0 = default, d1 = default, e0 = default, e1 = default;
            if (c.Y != null)
            {
                (a0, a1, b0, b1) = (T.Load(c.Y, y0 + i), T.Load(c.Y, y0 + i + 16), T.Load(c.Y, y1 + i), T.Load(c.Y, y1 + i + 16));
                (d0, d1, e0, e1) = (T.Load(c.Y, y2 + i), T.Load(c.Y, y2 + i + 16), T.Load(c.Y, y3 + i), T.Load(c.Y, y3 + i + 16));
            }
            float* up = c.Up + i, middle = c.Middle + row * c.Rank;
            for (var r = 0; r < c.Rank; r++, up += n, middle++)
            {
                Vector512<float> u0 = Vector512.Load(up), u1 = Vector512.Load(up + 16), factor = Vector512.Create(*middle);
                (a0, a1) = (Vector512.FusedMultiplyAdd(factor, u0, a0), Vector512.FusedMultiplyAdd(factor, u1, a1));
                factor = Vector512.Create(middle[c.Rank]);
                (b0, b1) = (Vector512.FusedMultiplyAdd(factor, u0, b0), Vector512.FusedMultiplyAdd(factor, u1, b1));
                factor = Vector512.Create(middle[2L * c.Rank]);
                (d0, d1) = (Vector512.FusedMultiplyAdd(factor, u0, d0), Vector512.FusedMultiplyAdd(factor, u1, d1));
                factor = Vector512.Create(middle[3L * c.Rank]);
                (e0, e1) = (Vector512.FusedMultiplyAdd(factor, u0, e0), Vector512.FusedMultiplyAdd(factor, u1, e1));
            }
            Store<T>(c.Into, y0 + i, a0, a1);
            Store<T>(c.Into, y1 + i, b0, b1);
            Store<T>(c.Into, y2 + i, d0, d1);
            Store<T>(c.Into, y3 + i, e0, e1);
        }
        for (var r = row; i < n && r < row + 4; r++) CombineRest<T>(ref c, r, c.Middle + r * c.Rank, i);
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
            Store<T>(c.Into, at + i, first, second);
        }
        if (i < n) CombineRest<T>(ref c, row, middle, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CombineRest<T>(ref Context c, long row, float* middle, int i) where T : IElement
    {
        for (var at = row * c.OutWidth; i < c.OutWidth; i++)
        {
            var sum = c.Y == null ? 0 : T.Get(c.Y, at + i);
            for (var r = 0; r < c.Rank; r++) sum += middle[r] * c.Up[(long)r * c.OutWidth + i];
            T.Set(c.Into, at + i, sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(byte* into, long at, Vector512<float> first, Vector512<float> second) where T : IElement
    {
        T.Store(into, at, first);
        T.Store(into, at + 16, second);
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
                c.Sums[c.Turned ? (long)column * c.Rank + rank : (long)rank * c.Width + column] = c.Scale * sum;
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
        if (c.Turned)
        {
            var turned = c.Sums + (long)column * c.Rank + rank;
            StoreTurned(turned, c.Rank, a0, b0, c0, d0, c.Scale);
            StoreTurned(turned + 16L * c.Rank, c.Rank, a1, b1, c1, d1, c.Scale);
            return;
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
        if (!c.Turned) Store(c.Sums + (long)rank * c.Width + column, first, second, c.Scale);
        else
            for (var i = 0; i < 32; i++) c.Sums[(long)(column + i) * c.Rank + rank] = c.Scale * (i < 16 ? first : second).GetElement(i % 16);
    }

    // Sixteen columns of four ranks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTurned(float* into, int step, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float scale)
    {
        Store(into, step, a.GetLower().GetLower(), b.GetLower().GetLower(), c.GetLower().GetLower(), d.GetLower().GetLower(), scale);
        Store(into + 4L * step, step, a.GetLower().GetUpper(), b.GetLower().GetUpper(), c.GetLower().GetUpper(), d.GetLower().GetUpper(), scale);
        Store(into + 8L * step, step, a.GetUpper().GetLower(), b.GetUpper().GetLower(), c.GetUpper().GetLower(), d.GetUpper().GetLower(), scale);
        Store(into + 12L * step, step, a.GetUpper().GetUpper(), b.GetUpper().GetUpper(), c.GetUpper().GetUpper(), d.GetUpper().GetUpper(), scale);
    }

    // Four by four, transposed: rows of the result lie step apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* into, long step, Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float scale)
    {
        if (!Sse.IsSupported)
        {
            for (var i = 0; i < 4; i++) (Vector128.Create(a[i], b[i], c[i], d[i]) * scale).Store(into + i * step);
            return;
        }
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d);
        (Sse.MoveLowToHigh(ab, cd) * scale).Store(into);
        (Sse.MoveHighToLow(cd, ab) * scale).Store(into + step);
        (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        (Sse.MoveLowToHigh(ab, cd) * scale).Store(into + 2 * step);
        (Sse.MoveHighToLow(cd, ab) * scale).Store(into + 3 * step);
    }

    private static void Store(float* into, Vector512<float> first, Vector512<float> second, float scale)
    {
        (first * scale).Store(into);
        (second * scale).Store(into + 16);
    }
}
