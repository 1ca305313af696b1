using AlpacaCot.Torch.Interop;

namespace AlpacaCot.Torch;

/// <summary>An argument of an operator, converted from what C# has at hand; <c>default</c> leaves an optional argument out.</summary>
public readonly struct Value
{
    internal readonly object? Reference;
    internal readonly SlotTag Tag;
    internal readonly int N;
    internal readonly long Bits;

    internal Value(SlotTag tag, object? reference, long bits = 0, int n = 0) => (Tag, Reference, Bits, N) = (tag, reference, bits, n);

    /// <summary>A tensor; null is none.</summary>
    public static implicit operator Value(Tensor? t) => t is null ? default : new(SlotTag.Tensor, t);

    /// <summary>An integer.</summary>
    public static implicit operator Value(long v) => new(SlotTag.Int, null, v);

    /// <summary>An integer.</summary>
    public static implicit operator Value(int v) => new(SlotTag.Int, null, v);

    /// <summary>An integer or none.</summary>
    public static implicit operator Value(long? v) => v is { } x ? x : default(Value);

    /// <summary>A floating-point number.</summary>
    public static implicit operator Value(double v) => new(SlotTag.Double, null, BitConverter.DoubleToInt64Bits(v));

    /// <summary>A floating-point number or none.</summary>
    public static implicit operator Value(double? v) => v is { } x ? x : default(Value);

    /// <summary>A truth value.</summary>
    public static implicit operator Value(bool v) => new(SlotTag.Bool, null, v ? 1 : 0);

    /// <summary>A number.</summary>
    public static implicit operator Value(Scalar v) => v.Value;

    /// <summary>A number or none.</summary>
    public static implicit operator Value(Scalar? v) => v is { } x ? x.Value : default;

    /// <summary>An element type.</summary>
    public static implicit operator Value(ScalarType v) => new(SlotTag.Int, null, (long)v);

    /// <summary>An element type or none.</summary>
    public static implicit operator Value(ScalarType? v) => v is { } x ? x : default(Value);

    /// <summary>A device.</summary>
    public static implicit operator Value(Device v) => new(SlotTag.Device, null, (long)v.Type, v.Index);

    /// <summary>A device or none.</summary>
    public static implicit operator Value(Device? v) => v is { } x ? x : default(Value);

    /// <summary>A list of integers, a shape say; null is none.</summary>
    public static implicit operator Value(long[]? v) => v is null ? default : new(SlotTag.IntList, v);

    /// <summary>A list of floating-point numbers; null is none.</summary>
    public static implicit operator Value(double[]? v) => v is null ? default : new(SlotTag.DoubleList, v);

    /// <summary>A list of truth values; null is none.</summary>
    public static implicit operator Value(bool[]? v) => v is null ? default : new(SlotTag.BoolList, v);

    /// <summary>A list of tensors; null is none.</summary>
    public static implicit operator Value(Tensor[]? v) => v is null ? default : new(SlotTag.TensorList, v);

    /// <summary>A text; null is none.</summary>
    public static implicit operator Value(string? v) => v is null ? default : new(SlotTag.String, v);

    /// <summary>A random generator; null is the device's default.</summary>
    public static implicit operator Value(Generator? v) => v is null ? default : new(SlotTag.Generator, v);

    /// <summary>A list of tensors of which some may be missing, as the operators of indexing take it.</summary>
    public static Value Optional(params Tensor?[] tensors) => new(SlotTag.OptionalTensorList, tensors);

    internal static Value List(IReadOnlyList<Tensor> tensors) => new(SlotTag.TensorList, tensors as Tensor[] ?? [.. tensors]);
}

/// <summary>A number of any element type.</summary>
public readonly struct Scalar
{
    internal readonly Value Value;

    private Scalar(Value value) => Value = value;

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(int v) => new(v);

    /// <summary>An integer.</summary>
    public static implicit operator Scalar(long v) => new(v);

    /// <summary>A floating-point number.</summary>
    public static implicit operator Scalar(float v) => new((double)v);

    /// <summary>A floating-point number.</summary>
    public static implicit operator Scalar(double v) => new(v);

    /// <summary>A truth value.</summary>
    public static implicit operator Scalar(bool v) => new(v);
}
