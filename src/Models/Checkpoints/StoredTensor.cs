using AlpacaCot.Kernels;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Models.Quantisation;

namespace AlpacaCot.Models.Checkpoints;

/// <summary>A weight that a file holds in fewer bits.</summary>
/// <param name="Storage">The form.</param>
/// <param name="Read">Reads it as it is held.</param>
internal sealed record HeldWeight(WeightStorage Storage, Func<QuantisedWeight> Read);

/// <summary>A tensor in a file: where its elements lie and what they are. Nothing is read until asked for.</summary>
public sealed class StoredTensor
{
    /// <summary>Most dimensions, torch's own limit: more is a damaged file.</summary>
    internal const int MostDimensions = 64;

    private readonly MappedFile _file;
    private readonly long _offset;
    private readonly long[] _sizes;     // with the strides: how the elements lie; reshaped to Shape where the two differ
    private readonly long[] _strides;
    private readonly Func<Tensor>? _computed;   // all elements one behind the other, where the file holds them otherwise (in quantised blocks)

    internal StoredTensor(string name, StoredType type, long[] shape, MappedFile file, long offset)
        : this(name, type, shape, RowMajor(shape), file, offset) { }

    internal StoredTensor(string name, StoredType type, long[] shape, long[] strides, MappedFile file, long offset)
        : this(name, type, shape, shape, strides, file, offset) { }

    internal StoredTensor(string name, StoredType type, long[] shape, MappedFile file, long offset, Func<Tensor> computed)
        : this(name, type, shape, shape, RowMajor(shape), file, offset, computed) { }

    private StoredTensor(string name, StoredType type, long[] shape, long[] sizes, long[] strides, MappedFile file, long offset, Func<Tensor>? computed = null)
        => (Name, Type, Shape, _sizes, _strides, _file, _offset, _computed) = (name, type, shape, sizes, strides, file, offset, computed);

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>Its element type.</summary>
    public StoredType Type { get; }

    /// <summary>Its sizes; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The file it lies in.</summary>
    public string Path => _file.Path;

    /// <summary>The raw elements of a tensor without strides, of any type.</summary>
    /// <exception cref="ModelException">Its elements do not lie one behind the other.</exception>
    public byte[] Bytes()
    {
        if (_computed is not null || !_strides.AsSpan().SequenceEqual(RowMajor(_sizes))) throw new ModelException($"{Path}: tensor '{Name}' is strided");
        return _file.Span(_offset, checked((int)SafeTensorsHeader.ByteCount(Name, Type, Shape))).ToArray();
    }

    /// <summary>The tensor over the mapped file, without a copy where the data is aligned; it keeps the file mapped. Writing to it changes no file.</summary>
    /// <exception cref="ModelException">The type is not computed with.</exception>
    public Tensor Map()
    {
        LibTorch.Load();
        var scalar = Scalar();
        var shape = Shape.ToArray();
        if (shape.Contains(0)) return torch.empty(shape, scalar);
        if (_computed is not null) return _computed().as_strided(_sizes, _strides).reshape(shape);
        var width = Type.Bits / 8;
        var elements = checked((long)Extent(_sizes, _strides));
        var address = _file.Address(_offset, checked(elements * width));
        var flat = address % width == 0 ? TensorData.FromMemory(address, [elements], scalar, _file.Share().Dispose) : Aligned(address, elements, scalar);
        return flat.as_strided(_sizes, _strides).reshape(shape);
    }

    // libtorch reads elements at multiples of their width alone.
    private static unsafe Tensor Aligned(nint address, long elements, ScalarType scalar)
    {
        var copy = torch.empty([elements], scalar);
        Buffer.MemoryCopy((void*)address, copy.Pointer(), copy.Bytes(), copy.Bytes());
        return copy;
    }

    /// <summary>A copy of its own memory on the processor, outside any dispose scope.</summary>
    /// <exception cref="ModelException">The type is not computed with.</exception>
    public Tensor Copy() => Load(Scalar(), CPU, copy: true);

    /// <summary>
    /// The tensor with an element type on a device, contiguous and outside any dispose scope: mapped where it is so stored, else a copy.
    /// </summary>
    /// <exception cref="ModelException">The type is not computed with.</exception>
    public Tensor Load(ScalarType dtype, Device device, bool copy = false)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        var mapped = Map();
        var loaded = mapped.to(dtype, device).contiguous();
        return (copy && loaded.SharesMemory(mapped) ? loaded.clone() : loaded).DetachFromDisposeScope();
    }

    /// <summary>The weight as it is held in fewer bits, newly read; null where the file holds it in none.</summary>
    internal HeldWeight? Held { get; private init; }

    /// <summary>The weight that this tensor's codes stand for.</summary>
    /// <param name="type">The type that it is rounded to where it is not taken as it is held.</param>
    /// <param name="shape">Its shape <c>[out, in]</c>.</param>
    /// <param name="held">How it is held.</param>
    internal StoredTensor Quantised(StoredType type, long[] shape, HeldWeight held)
    {
        Tensor Computed()
        {
            using var weight = held.Read();
            return weight.Plain().to(type.Scalar!.Value);
        }
        return new StoredTensor(Name, type, shape, _file, _offset, Computed) { Held = held };
    }

    /// <summary>A tensor that is computed from others when it is asked for.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="parts">What it is computed from; of one type.</param>
    /// <param name="compute">Computes it from their values, in memory that begins with it.</param>
    internal static StoredTensor Computed(string name, long[] shape, IReadOnlyList<StoredTensor> parts, Func<IReadOnlyList<Tensor>, Tensor> compute)
        => new(name, parts[0].Type, shape, parts[0]._file, parts[0]._offset, () => compute([.. parts.Select(part => part.Map())]).contiguous().view(-1));

    /// <summary>The same tensor under another name.</summary>
    internal StoredTensor As(string name) => new(name, Type, [.. Shape], _sizes, _strides, _file, _offset, _computed);

    /// <summary>
    /// Rows from Meta's rotary order (rows 2r and 2r + 1 of a head are a pair) to Hugging Face's (rows r and r + n/2 are):
    /// a view <c>[heads, 2, n/2, in]</c> of <c>[heads, n/2, 2, in]</c>.
    /// </summary>
    internal StoredTensor PairsToHalves(int heads)
    {
        if (Shape.Count is not (1 or 2) || Shape[0] % (2L * heads) != 0)
            throw new ModelException($"{Path}: tensor '{Name}' [{string.Join(", ", Shape)}] has no rows for the pairs of {heads} heads");
        var (rows, columns) = (Shape[0], Shape.Count > 1 ? Shape[1] : 1);
        var half = rows / heads / 2;
        var (row, column) = (_strides[0], _strides.Length > 1 ? _strides[1] : 1);
        return new StoredTensor(Name, Type, [.. Shape], [heads, 2, half, columns], [2 * half * row, row, 2 * row, column], _file, _offset, _computed);
    }

    /// <summary>Elements from the first to the last of a tensor that is not empty; sizes and strides are not negative.</summary>
    internal static Int128 Extent(IEnumerable<long> sizes, IEnumerable<long> strides)
        => sizes.Zip(strides, (size, stride) => (Int128)(size - 1) * stride).Aggregate((Int128)1, (sum, more) => sum + more);

    private ScalarType Scalar() => Type.Scalar ?? throw new ModelException($"{Path}: tensor '{Name}' has the type {Type}, which is stored but not computed with");

    private static long[] RowMajor(long[] shape)
    {
        var strides = new long[shape.Length];
        long step = 1;
        for (var i = shape.Length - 1; i >= 0; i--) (strides[i], step) = (step, unchecked(step * shape[i]));
        return strides;
    }
}
