namespace AlpacaCot.Kernels;

/// <summary>
/// A few rows of activations <c>[rows, width]</c> in place, fp32 or bf16 on the processor: what <see cref="RowFunctional"/> computes on. At a few
/// rows an operator's own cost (a tensor, its scope, a native call) is a good part of its time.
/// </summary>
public readonly unsafe struct Rows
{
    private readonly Tensor _tensor;
    private readonly int _start;

    /// <summary>All rows of a tensor <c>[rows, width]</c>, which stays the caller's.</summary>
    /// <exception cref="ArgumentException">It is not contiguous, not on the processor, or neither fp32 nor bf16.</exception>
    public Rows(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.dim() != 2 || !Simd.Suits(tensor) || !tensor.is_contiguous())
            throw new ArgumentException($"rows are a contiguous fp32 or bf16 matrix on the processor, not {tensor.Describe()}", nameof(tensor));
        _tensor = tensor;
        Count = (int)tensor.size(0);
        Width = (int)tensor.size(1);
        Type = tensor.dtype;
        Pointer = (byte*)tensor.Pointer();
    }

    private Rows(Rows whole, int start, int count)
    {
        _tensor = whole._tensor;
        _start = whole._start + start;
        Count = count;
        Width = whole.Width;
        Type = whole.Type;
        Pointer = whole.Pointer + (long)start * whole.RowBytes;
    }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Elements of a row.</summary>
    public int Width { get; }

    /// <summary>Type of the elements.</summary>
    public ScalarType Type { get; }

    internal byte* Pointer { get; }

    internal long RowBytes => (long)Width * Type.Size();

    /// <summary>The same memory as a tensor <c>[rows, width]</c>.</summary>
    public Tensor Tensor => _start == 0 && Count == _tensor.size(0) ? _tensor : _tensor.narrow(0, _start, Count);

    /// <summary>Some of the rows, in place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public Rows Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Count);
        return new Rows(this, start, count);
    }

    /// <summary>A copy in a tensor of its own.</summary>
    public Rows Clone() => new(Tensor.clone());

    /// <summary>Whether both begin at the same element.</summary>
    public bool SharesMemory(Rows other) => Pointer == other.Pointer;

    /// <summary>Takes over the elements of a tensor of the same shape; nothing is done where it is this very memory.</summary>
    public void Set(Tensor values)
    {
        if (values.is_contiguous() && values.device_type == DeviceType.CPU && values.Pointer() == Pointer) return;
        Tensor.copy_(values);
    }

    /// <summary>Copies one row to row <paramref name="targetRow"/> of a contiguous tensor whose rows have as many elements of this type.</summary>
    public void CopyRow(int row, Tensor target, long targetRow)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count);
        if (targetRow < 0 || (targetRow + 1) * Width > target.numel() || target.dtype != Type)
            throw new ArgumentException($"row {targetRow} of {Width} {Type} elements lies outside {target.Describe()}", nameof(target));
        Buffer.MemoryCopy(Pointer + row * RowBytes, (byte*)target.Pointer() + targetRow * RowBytes, RowBytes, RowBytes);
    }
}
