using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AlpacaCot.Kernels.Attention;

/// <summary>A small fp32 matrix product on padded scratch memory, for attention: C = A B, or C += A B.</summary>
internal static unsafe class Gemm
{
    internal const int RowStep = 4;

    /// <summary>The plain definition.</summary>
    internal static void Reference(int m, int n, int k, float* a, long aRow, long aCol, float* b, long ldb, float* c, long ldc, bool accumulate)
    {
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                double sum = accumulate ? c[i * ldc + j] : 0;
                for (var p = 0; p < k; p++) sum += a[i * aRow + p * aCol] * b[p * ldb + j];
                c[i * ldc + j] = (float)sum;
            }
        }
    }

    /// <summary>m must be a multiple of 4 and n one of 16; A may be strided either way, which makes it transposed at no cost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run(int m, int n, int k, float* a, long aRow, long aCol, float* b, long ldb, float* c, long ldc, bool accumulate)
    {
        for (var j = 0; j < n; j += 64)
        {
            var vectors = Math.Min(64, n - j) / 16;
            for (var i = 0; i < m; i += RowStep)
            {
                var at = c + i * ldc + j;
                if (vectors == 4 && Simd.IsWide) Tile4(k, a + i * aRow, aRow, aCol, b + j, ldb, at, ldc, accumulate);
                else for (var v = 0; v < vectors; v++) Tile1(k, a + i * aRow, aRow, aCol, b + j + 16 * v, ldb, at + 16 * v, ldc, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(int k, float* a, long aRow, long aCol, float* b, long ldb, float* c, long ldc, bool accumulate)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default, c30 = default, c31 = default, c32 = default, c33 = default;
        float* a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
        for (var p = 0; p < k; p++, b += ldb, a += aCol, a1 += aCol, a2 += aCol, a3 += aCol)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16), b2 = Vector512.Load(b + 32), b3 = Vector512.Load(b + 48);
            WideSums.Add<FourWide>(*a, b0, b1, b2, b3, ref c00, ref c01, ref c02, ref c03);
            WideSums.Add<FourWide>(*a1, b0, b1, b2, b3, ref c10, ref c11, ref c12, ref c13);
            WideSums.Add<FourWide>(*a2, b0, b1, b2, b3, ref c20, ref c21, ref c22, ref c23);
            WideSums.Add<FourWide>(*a3, b0, b1, b2, b3, ref c30, ref c31, ref c32, ref c33);
        }
        WideSums.Put<FourWide>(c, c00, c01, c02, c03, accumulate);
        WideSums.Put<FourWide>(c + ldc, c10, c11, c12, c13, accumulate);
        WideSums.Put<FourWide>(c + 2 * ldc, c20, c21, c22, c23, accumulate);
        WideSums.Put<FourWide>(c + 3 * ldc, c30, c31, c32, c33, accumulate);
    }

    // Four sums of sixteen: eight registers, where they hold eight numbers each.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(int k, float* a, long aRow, long aCol, float* b, long ldb, float* c, long ldc, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        for (var p = 0; p < k; p++, b += ldb, a += aCol)
        {
            var b0 = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(*a), b0, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[aRow]), b0, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[2 * aRow]), b0, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[3 * aRow]), b0, c3);
        }
        Put(c, c0, accumulate);
        Put(c + ldc, c1, accumulate);
        Put(c + 2 * ldc, c2, accumulate);
        Put(c + 3 * ldc, c3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, Vector512<float> v, bool accumulate) => (accumulate ? v + Vector512.Load(c) : v).Store(c);
}
