using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels;

/// <summary>One of the products that share x: W, a bias or none, and where y = x Wᵀ + b goes.</summary>
public readonly record struct QuantisedProduct(QuantisedMatrix Weight, Tensor? Bias, Rows Y);

/// <summary>
/// A weight <c>[out, in]</c> in four or eight bits, as it lies in memory for products with a few rows: <see cref="Linear(Rows, ReadOnlySpan{QuantisedProduct})"/>.
/// </summary>
public sealed unsafe class QuantisedMatrix
{
    /// <summary>A row of codes of four bits is a whole number of so many elements.</summary>
    public const int Granule = FourBitNumbers.Granule;

    /// <summary>Most rows of a call: beyond, writing the weight out for libtorch's product is as fast.</summary>
    public static int MostRows => Simd.IsWide ? 8 : RowFunctional.MostRows;

    private readonly byte[]? _packed, _scaleCodes;
    private readonly float[]? _largest, _map, _table;
    private readonly Tensor? _codes, _scales;
    private readonly int _block, _nestedBlock;
    private readonly float _offset;

    /// <summary>Codes of four bits.</summary>
    /// <param name="code">Their data type.</param>
    /// <param name="output">Rows.</param>
    /// <param name="input">Columns.</param>
    /// <param name="packed">Two codes a byte.</param>
    /// <param name="scales">The scales of the blocks.</param>
    /// <exception cref="ArgumentException">Sizes do not fit.</exception>
    public QuantisedMatrix(FourBitCode code, long output, long input, ReadOnlySpan<byte> packed, FourBitScales scales)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (packed.Length != (output * input + 1) / 2 || scales.Count != FourBit.Blocks(output * input, scales.Block))
            throw new ArgumentException($"{packed.Length} bytes of codes and {scales.Count} scales of blocks of {scales.Block} do not fit [{output}, {input}]");
        (Out, In) = (output, input);
        (_packed, _largest, _table) = (Pinned(packed), Pinned(scales.Largest), Pinned(code.Values));
        if (!scales.Codes.IsEmpty) (_scaleCodes, _map) = (Pinned(scales.Codes), Pinned(scales.Map));
        (_block, _nestedBlock, _offset) = (scales.Block, scales.NestedBlock, scales.Offset);
    }

    /// <summary>Codes of a byte, W[i, j] = scale[i] · code[i, j]; both tensors stay the caller's.</summary>
    /// <param name="codes">int8 <c>[out, in]</c>, contiguous, on the processor.</param>
    /// <param name="scales">fp32 <c>[out]</c>, contiguous.</param>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public QuantisedMatrix(Tensor codes, Tensor scales)
    {
        if (codes.dtype != int8 || codes.dim() != 2 || scales.dtype != float32 || scales.numel() != codes.size(0) || !codes.is_contiguous() || !scales.is_contiguous() || codes.device_type != DeviceType.CPU)
            throw new ArgumentException($"codes {codes.Describe()} and scales {scales.Describe()} do not fit");
        (Out, In) = (codes.size(0), codes.size(1));
        (_codes, _scales) = (codes, scales);
    }

    /// <summary>Rows.</summary>
    public long Out { get; }

    /// <summary>Columns.</summary>
    public long In { get; }

    /// <summary>Two codes of four bits a byte; nothing where the codes have a byte each.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>Where the codes lie.</summary>
    public WeightMemory Memory => _packed is null ? WeightMemory.Of(_codes!) : new WeightMemory((nint)Address(_packed), _packed.Length);

    /// <summary>Whether so many rows are multiplied here.</summary>
    public bool Suits(long rows) => rows > 0 && rows <= MostRows && (_packed is null ? In % RowTiles.Step == 0
        : In % Granule == 0 && _block >= Granule && BitOperations.IsPow2(_block) && (_scaleCodes is null || BitOperations.IsPow2(_nestedBlock)));

    /// <summary>Whether a tensor's rows are: fp32 or bf16 <c>[rows, in]</c> on the processor, without a gradient.</summary>
    public bool Suits(Tensor x) => x.dim() == 2 && x.size(1) == In && Suits(x.size(0)) && Simd.Suits(x) && !Autograd.Records(x);

    /// <summary>The product with a tensor's rows.</summary>
    /// <param name="x"><c>[rows, in]</c>, which <see cref="Suits(Tensor)"/>.</param>
    /// <returns><c>[rows, out]</c> in x's type.</returns>
    public Tensor Product(Tensor x)
    {
        using var _ = no_grad();
        var y = empty([x.size(0), Out], x.dtype);
        var rows = x.contiguous();
        Linear(new Rows(rows), [new QuantisedProduct(this, null, new Rows(y))]);
        if (!ReferenceEquals(rows, x)) rows.Dispose();
        return y;
    }

    /// <summary>y = x Wᵀ + b for several weights of one kind at once, in one go over the threads.</summary>
    /// <exception cref="ArgumentException">Shapes, types or kinds do not fit.</exception>
    public static void Linear(Rows x, ReadOnlySpan<QuantisedProduct> products)
    {
        if (products.Length == 0) return;
        var calls = stackalloc QuantisedRows.Product[products.Length];
        for (var i = 0; i < products.Length; i++)
        {
            var (weight, bias, y) = products[i];
            if (!weight.Suits(x.Count) || weight.In != x.Width || weight.Out != y.Width || y.Count != x.Count || y.Type != x.Type || (weight._packed is null) != (products[0].Weight._packed is null)
                || (bias is not null && (bias.numel() != y.Width || bias.dtype != x.Type || !bias.is_contiguous())))
                throw new ArgumentException($"quantised_linear: [{weight.Out}, {weight.In}] does not fit {x.Count} rows of {x.Width} {x.Type} and {y.Width} results");
            calls[i] = weight.Call(bias, y);
        }
        QuantisedRows.Run(x, new Span<QuantisedRows.Product>(calls, products.Length), products[0].Weight._packed is not null);
    }

    private QuantisedRows.Product Call(Tensor? bias, Rows y) => new()
    {
        Codes = _packed is null ? (byte*)_codes!.Pointer() : Address(_packed), Scales = _packed is null ? (float*)_scales!.Pointer() : Address(_largest!),
        ScaleCodes = _scaleCodes is null ? null : Address(_scaleCodes), Map = _map is null ? null : Address(_map), Table = _table is null ? null : Address(_table),
        BlockShift = BitOperations.Log2((uint)_block), NestedShift = BitOperations.Log2((uint)_nestedBlock), Offset = _offset, Bias = bias is null ? null : (byte*)bias.Pointer(), Y = y.Pointer, N = Out,
    };

    // Arrays that the collector does not move, so that their addresses hold.
    private static T[] Pinned<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var pinned = GC.AllocateUninitializedArray<T>(values.Length, pinned: true);
        values.CopyTo(pinned);
        return pinned;
    }

    private static T* Address<T>(T[] pinned) where T : unmanaged => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}
