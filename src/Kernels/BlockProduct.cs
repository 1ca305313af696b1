using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// C = A B or C += A B of small matrices in bf16 with sums in fp32, or in bytes with sums of integers, by oneDNN's kernels for blocks: some hundred nanoseconds of work, where an operator of libtorch's costs microseconds
/// to call. .NET has no instruction for products of bf16.
/// </summary>
internal static unsafe class BlockProduct
{
    /// <summary>Columns that larger products are cut into: four registers, and with six rows of sums about all that a processor has.</summary>
    internal const int Columns = 64;

    /// <summary>Rows that they are cut into.</summary>
    internal const int Rows = 48;

    /// <summary>The number of rows of all is a multiple of it, so that few numbers of them are met.</summary>
    internal const int RowMultiple = 8;

    // at::native::cpublas::brgemm(int64 m, n, k, int64 a_row, b_row, c_row, bool add, BFloat16 const* a, BFloat16 const* b, float* c, bool b_in_pairs) and brgemm_release(bool), as libtorch's
    // header ATen/native/CPUBlas.h declares them and compilers for Linux name them; for bytes (unsigned char const* a, signed char const* b, int* c). Under another name, or none, nothing here is fast.
    private const string Product = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb", ByteProduct = "_ZN2at6native7cpublas6brgemmEllllllbPKhPKaPib", Release = "_ZN2at6native7cpublas14brgemm_releaseEb";

    private static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void> _product;
    private static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, int*, byte, void> _bytes;
    private static readonly delegate* unmanaged<byte, void> _release;

    static BlockProduct()
    {
        // The functions end the process where oneDNN may not use what the processor has. With tiles (AMX) they have not been tried, and would take another layout for wide heads.
        if (!FrozenLinear.CanPack || ProcessorFeatures.HasAmx || IsLimited("ONEDNN_MAX_CPU_ISA") || IsLimited("DNNL_MAX_CPU_ISA")) return;
        if (!LibTorch.TryExport(Product, out var product) || !LibTorch.TryExport(Release, out var release)) return;
        _product = (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void>)product;
        _release = (delegate* unmanaged<byte, void>)release;
        if (ProcessorFeatures.HasVnni && LibTorch.TryExport(ByteProduct, out var bytes)) _bytes = (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, int*, byte, void>)bytes;
    }

    /// <summary>Whether oneDNN computes it here; elsewhere it is the plain definition, which is slow.</summary>
    internal static bool IsFast => _product != null;

    /// <summary>As <see cref="IsFast"/>, for bytes.</summary>
    internal static bool IsFastInBytes => _bytes != null;

    /// <summary>The product. Every other shape costs oneDNN a kernel of its own: few should be asked for.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B; even.</param>
    /// <param name="a"><c>[m, k]</c>.</param>
    /// <param name="b"><c>[k / 2, n, 2]</c>: two rows lie in pairs.</param>
    /// <param name="c"><c>[m, n]</c>.</param>
    /// <param name="add">Adds to what is there.</param>
    internal static void Run(int m, int n, int k, ushort* a, uint* b, float* c, bool add) => Run(m, n, k, a, k, b, c, add);

    /// <summary>The product where rows of A lie further apart.</summary>
    internal static void Run(int m, int n, int k, ushort* a, long aRow, uint* b, float* c, bool add)
    {
        if (_product != null) _product(m, n, k, aRow, n, n, add ? (byte)1 : (byte)0, a, b, c, 1);
        else Reference(m, n, k, a, aRow, b, c, add);
    }

    /// <summary>The product of bytes, those of A unsigned, with exact sums.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B; a multiple of four.</param>
    /// <param name="a"><c>[m, k]</c>.</param>
    /// <param name="aRow">From a row of A to the next.</param>
    /// <param name="b"><c>[k / 4, n, 4]</c>: four rows lie side by side.</param>
    /// <param name="c"><c>[m, n]</c>.</param>
    /// <param name="add">Adds to what is there.</param>
    internal static void Run(int m, int n, int k, byte* a, long aRow, uint* b, int* c, bool add)
    {
        if (_bytes != null) _bytes(m, n, k, aRow, n, n, add ? (byte)1 : (byte)0, a, b, c, 1);
        else Reference(m, n, k, a, aRow, b, c, add);
    }

    /// <summary>Rows that each of so many parts, or one fewer, takes of a larger product.</summary>
    internal static long RowsPerPart(long rows, long parts) => EvenRows.Next((rows + parts - 1) / parts, Rows);

    /// <summary>After the last of a thread's products: oneDNN keeps a kernel ready between two of them.</summary>
    internal static void Done()
    {
        if (_release != null) _release(1);
    }

    /// <summary>The plain definition.</summary>
    internal static void Reference(int m, int n, int k, ushort* a, long aRow, uint* b, float* c, bool add)
    {
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                var sum = add ? c[i * n + j] : 0.0;
                for (var p = 0; p < k; p++) sum += (double)BF16.Get(a, i * aRow + p) * BF16.Get(b, 2 * (p / 2 * n + j) + p % 2);
                c[i * n + j] = (float)sum;
            }
        }
    }

    /// <summary>The plain definition of the product of bytes.</summary>
    internal static void Reference(int m, int n, int k, byte* a, long aRow, uint* b, int* c, bool add)
    {
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                var sum = add ? c[i * n + j] : 0;
                for (var p = 0; p < k; p++) sum += a[i * aRow + p] * ((sbyte*)b)[4 * (p / 4 * n + j) + p % 4];
                c[i * n + j] = sum;
            }
        }
    }

    private static bool IsLimited(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
