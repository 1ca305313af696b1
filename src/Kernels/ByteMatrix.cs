using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels;

/// <summary>
/// A frozen weight of signed bytes, W[i, j] = scale[i] · code[i, j], whose products are sums of integers: each row of x becomes bytes too, round(127 · x / its
/// largest), and so does each row of the gradient on its way back (W8A8, dynamic per row and per channel). Both directions read the one copy of the codes;
/// sums are exact, so that a row's result depends on no other.
/// </summary>
public sealed unsafe class ByteMatrix : IDisposable
{
    // Sums of so many rows stay in the cache until they are scaled.
    private const int RowsAtOnce = 256;

    private readonly Tensor _codes, _scales;
    private readonly Tensor? _panels;   // the codes again, laid out for x's products
    private readonly bool _owns;
    private int[]? _rowSums, _columnSums;

    private struct Context
    {
        internal byte* X, Y, Bias;
        internal float* Columns, Rows;
        internal sbyte* Codes;
        internal int* Sums;
        internal long Count, Width;
        internal int PerPart;
        internal byte Flipped;   // what every byte is changed by
    }

    /// <summary>Takes codes and scales, which stay the caller's.</summary>
    /// <param name="codes">int8 <c>[out, in]</c>, contiguous.</param>
    /// <param name="scales">fp32 <c>[out]</c>, contiguous.</param>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public ByteMatrix(Tensor codes, Tensor scales)
    {
        if (codes.dtype != int8 || codes.dim() != 2 || scales.dtype != float32 || scales.numel() != codes.size(0) || !codes.is_contiguous() || !scales.is_contiguous())
            throw new ArgumentException($"codes {codes.Describe()} and scales {scales.Describe()} do not fit");
        (_codes, _scales) = (codes, scales);
    }

    private ByteMatrix(Tensor codes, Tensor scales, Tensor? panels)
        : this(codes, scales) => (_panels, _owns) = (panels, true);

    /// <summary>A weight <c>[out, in]</c> on the processor, each of its rows rounded to bytes as a row of x is; kept in the layout of x's products too, where they have one.</summary>
    /// <exception cref="ArgumentException">It is no matrix.</exception>
    public static ByteMatrix Of(Tensor weight)
    {
        if (weight.dim() != 2 || weight.device_type != DeviceType.CPU) throw new ArgumentException($"byte_matrix: {weight.Describe()} is no matrix on the processor");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var from = (weight.dtype == bfloat16 ? weight : weight.to(float32)).contiguous();
        Tensor codes = empty(from.shape, int8), scales = empty([from.size(0)]);
        if (from.dtype == float32) Round<F32>(from, null, codes, scales, 0);
        else Round<BF16>(from, null, codes, scales, 0);
        var panels = BytePanels.Suits(from.size(1)) ? BytePanels.LaidOut(codes) : null;
        return new ByteMatrix(codes.DetachFromDisposeScope(), scales.DetachFromDisposeScope(), panels?.DetachFromDisposeScope());
    }

    /// <summary>Whether the processor multiplies bytes; elsewhere the same sums are computed in fp32.</summary>
    public static bool IsFast => ProcessorFeatures.HasVnni;

    /// <summary>x Wᵀ + b for x <c>[rows, in]</c>, in x's type; no gradient.</summary>
    public Tensor Times(Tensor x, Tensor? bias = null) => Product(x, bias, back: false);

    /// <summary>dy W for dy <c>[rows, out]</c>, in its type: the gradient of x.</summary>
    public Tensor TimesTransposed(Tensor dy) => Product(dy, null, back: true);

    /// <summary>The plain definition of either.</summary>
    internal Tensor Reference(Tensor x, Tensor? bias, bool back) => Rounded(x, bias, back, (bytes, codes) => bytes.to(float64).mm(codes.to(float64)).to(float32));

    private Tensor Rounded(Tensor x, Tensor? bias, bool back, Func<Tensor, Tensor, Tensor> product)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var rows = x.to(float32);
        if (back) rows = rows * _scales;
        var largest = rows.abs().amax([1], keepdim: true);
        var bytes = (rows * where(largest > 0, full_like(largest, 127) / largest, zeros_like(largest))).round();
        var y = product(bytes, back ? _codes : _codes.t()) * (largest / 127);
        if (!back) y = y * _scales;
        if (bias is not null) y = y + bias.to(float32);
        return y.to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The sums without instructions for bytes: those of so few products of two bytes are exact in fp32, and those of the parts in fp64.</summary>
    internal static Tensor InFloats(Tensor bytes, Tensor codes)
    {
        const int Exact = (1 << 24) / (127 * 127);
        var width = codes.size(0);
        if (width <= Exact) return bytes.mm(codes.to(float32));
        var sums = zeros([bytes.size(0), codes.size(1)], float64, bytes.device);
        for (var start = 0L; start < width; start += Exact)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(Exact, width - start);
            sums.add_(bytes.narrow(1, start, count).mm(codes.narrow(0, start, count).to(float32)));
        }
        return sums.to(float32);
    }

    private Tensor Product(Tensor x, Tensor? bias, bool back)
    {
        var width = _codes.size(back ? 0 : 1);
        if (x.dim() != 2 || x.size(1) != width || (bias is not null && (bias.dtype != x.dtype || bias.numel() != _codes.size(0))))
            throw new ArgumentException($"byte_product: x {x.Describe()} and the bias {bias?.Describe() ?? "none"} do not fit a weight {_codes.Describe()}");
        using var _ = KernelProfile.IsOn ? KernelProfile.Product(back ? "product of bytes, backward" : "product of bytes", x.size(0), width, _codes.size(back ? 1 : 0), x.ElementSize, _codes.numel()) : default;
        if (!IsFast || !Simd.Suits(x, bias) || x.numel() == 0) return Rounded(x, bias, back, InFloats);
        return Product(x, bias, back, BytePanels.Suits(width));
    }

    /// <summary>The product by <see cref="BytePanels"/>, which want rows of a multiple of four, or by oneDNN's of whole matrices.</summary>
    internal Tensor Product(Tensor x, Tensor? bias, bool back, bool inBlocks) => x.dtype == float32 ? Product<F32>(x, bias, back, inBlocks) : Product<BF16>(x, bias, back, inBlocks);

    private Tensor Product<T>(Tensor x, Tensor? bias, bool back, bool inBlocks) where T : IElement
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (rows, width, columns) = (x.size(0), x.size(1), _codes.size(back ? 1 : 0));
        // A multiple of rows, so that few numbers of them are met: oneDNN prepares itself for each.
        var even = inBlocks ? EvenRows.Next(rows, BlockProduct.RowMultiple) : rows <= RowsAtOnce ? EvenRows.Count(rows) : EvenRows.Next(rows, RowsAtOnce);
        Tensor from = x.contiguous(), bytes = empty([even, width], int8), scales = empty([rows]), y = empty([rows, columns], x.dtype);
        using var added = bias?.contiguous();
        Round<T>(from, back ? (float*)_scales.Pointer() : null, bytes, scales, inBlocks ? BytePanels.Zero : (byte)0);
        var codes = (sbyte*)bytes.Pointer();
        var rowScales = (float*)scales.Pointer();
        new Span<sbyte>(codes + rows * width, checked((int)((even - rows) * width))).Clear();
        byte* to = (byte*)y.Pointer(), by = added is null ? null : (byte*)added.Pointer();
        var columnScales = back ? null : (float*)_scales.Pointer();
        if (inBlocks)
        {
            var left = new BytePanels.Left { Bytes = (byte*)codes, Scales = rowScales, Rows = rows, Inner = width };
            var right = new BytePanels.Right { Codes = (sbyte*)_codes.Pointer(), Scales = columnScales, Columns = columns, Back = back, Sums = SumsOfCodes(back), Panels = back || _panels is null ? null : (uint*)_panels.Pointer() };
            BytePanels.Product<T>(left, right, by, to);
        }
        else
        {
            Whole<T>(bytes, rowScales, columnScales, by, to, rows, columns, back);
        }
        GC.KeepAlive(_scales);
        GC.KeepAlive(_codes);
        return y.MoveToOuterDisposeScope();
    }

    // By oneDNN's product of whole matrices.
    private void Whole<T>(Tensor bytes, float* rowScales, float* columnScales, byte* bias, byte* to, long rows, long columns, bool back) where T : IElement
    {
        var weight = back ? _codes : _codes.t();
        for (var start = 0L; start < rows; start += RowsAtOnce)
        {
            using var part = bytes.narrow(0, start, Math.Min(RowsAtOnce, bytes.size(0) - start));
            using var sums = Aten.IntegerProduct(part, weight);
            var count = Math.Min(RowsAtOnce, rows - start);
            var scaled = new Context
            {
                Sums = (int*)sums.Pointer(), Rows = rowScales + start, Columns = columnScales, Bias = bias, Y = to + start * columns * T.Bytes, Count = count, Width = columns,
                PerPart = Threads.RowsPerPart(count, columns),
            };
            Threads.For(Threads.Parts(count, scaled.PerPart), &Scale<T>, &scaled);
        }
    }

    // Of the codes that a sum's terms have, output by output.
    private int[] SumsOfCodes(bool back)
    {
        ref var field = ref back ? ref _columnSums : ref _rowSums;
        if (Volatile.Read(ref field) is { } made) return made;
        using var sums = _codes.sum([back ? 0 : 1], type: int32);
        var result = sums.ToArray<int>();
        Volatile.Write(ref field, result);
        return result;
    }

    // Rows to bytes and a scale of each, by all threads; they are multiplied by a factor for each column before, where there are some.
    private static void Round<T>(Tensor rows, float* columns, Tensor bytes, Tensor scales, byte flipped) where T : IElement
    {
        var context = new Context
        {
            X = (byte*)rows.Pointer(), Codes = (sbyte*)bytes.Pointer(), Rows = (float*)scales.Pointer(), Columns = columns, Count = rows.size(0), Width = rows.size(1),
            PerPart = Threads.RowsPerPart(rows.size(0), rows.size(1)), Flipped = flipped,
        };
        Threads.For(Threads.Parts(context.Count, context.PerPart), &Round<T>, &context);
        GC.KeepAlive(rows);
    }

    // Rows to bytes. What is not finite has bytes of zero and a scale that is not finite: the result says so.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long row = (long)part * c.PerPart, end = Math.Min(c.Count, row + c.PerPart), whole = c.Width / Simd.Lanes * Simd.Lanes;
        var rest = (int)(c.Width - whole);
        for (; row < end; row++)
        {
            var at = row * c.Width;
            var most = rest > 0 ? Vector512.Abs(Tail<T>(ref c, at, whole, rest)) : Vector512<float>.Zero;
            for (var i = 0L; i < whole; i += Simd.Lanes) most = Vector512.Max(most, Vector512.Abs(Load<T>(ref c, at, i)));
            var largest = Simd.Max(most);
            c.Rows[row] = largest / 127;
            var factor = Vector512.Create(largest > 0 ? 127 / largest : 0);
            for (var i = 0L; i < whole; i += Simd.Lanes) Store(c.Codes + at + i, Load<T>(ref c, at, i) * factor, Simd.Lanes, c.Flipped);
            if (rest > 0) Store(c.Codes + at + whole, Tail<T>(ref c, at, whole, rest) * factor, rest, c.Flipped);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load<T>(ref Context c, long at, long i) where T : IElement
        => c.Columns == null ? T.Load(c.X, at + i) : T.Load(c.X, at + i) * Vector512.Load(c.Columns + i);

    private static Vector512<float> Tail<T>(ref Context c, long at, long i, int count) where T : IElement
    {
        var v = Simd.LoadTail<T>(c.X, at + i, count);
        return c.Columns == null ? v : v * Simd.LoadTail<F32>(c.Columns, i, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(sbyte* to, Vector512<float> v, int count, byte flipped)
    {
        var whole = Vector512.ConvertToInt32Native(Vector512.Round(v)) ^ Vector512.Create((int)flipped);
        if (count == Simd.Lanes && Avx512F.IsSupported) Avx512F.ConvertToVector128SByte(whole).Store(to);
        else for (var k = 0; k < count; k++) to[k] = (sbyte)whole.GetElement(k);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale<T>(void* context, int part) where T : IElement
    {
        ref var c = ref *(Context*)context;
        long row = (long)part * c.PerPart, end = Math.Min(c.Count, row + c.PerPart);
        for (; row < end; row++) ScaleRow<T>(c.Sums + row * c.Width, null, c.Width, c.Rows[row], c.Columns, c.Bias, c.Y, row * c.Width);
    }

    /// <summary>A row of sums, less what is to be taken off each, times the row's scale and each column's, and a bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ScaleRow<T>(int* sums, int* less, long width, float scale, float* columns, byte* bias, byte* y, long at) where T : IElement
    {
        var (factor, i) = (Vector512.Create(scale), 0L);
        for (; i + Simd.Lanes <= width; i += Simd.Lanes)
        {
            var whole = Vector512.Load(sums + i);
            if (less != null) whole -= Vector512.Load(less + i);
            var v = Vector512.ConvertToSingle(whole) * factor;
            if (columns != null) v *= Vector512.Load(columns + i);
            if (bias != null) v += T.Load(bias, i);
            T.Store(y, at + i, v);
        }
        for (; i < width; i++)
        {
            var v = (less == null ? sums[i] : sums[i] - less[i]) * scale;
            if (columns != null) v *= columns[i];
            T.Set(y, at + i, bias == null ? v : v + T.Get(bias, i));
        }
    }

    /// <summary>Frees what it made itself.</summary>
    public void Dispose()
    {
        if (!_owns) return;
        _codes.Dispose();
        _scales.Dispose();
        _panels?.Dispose();
    }
}
