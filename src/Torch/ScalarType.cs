namespace AlpacaCot.Torch;

/// <summary>Element types; the numbers are libtorch's.</summary>
public enum ScalarType
{
    /// <summary>Unsigned 8 bits.</summary>
    Byte = 0,

    /// <summary>Signed 8 bits.</summary>
    Int8 = 1,

    /// <summary>Signed 16 bits.</summary>
    Int16 = 2,

    /// <summary>Signed 32 bits.</summary>
    Int32 = 3,

    /// <summary>Signed 64 bits: indices and token ids.</summary>
    Int64 = 4,

    /// <summary>IEEE half. Not for computing on a CPU: a hundred times slower than fp32.</summary>
    Float16 = 5,

    /// <summary>IEEE single.</summary>
    Float32 = 6,

    /// <summary>IEEE double.</summary>
    Float64 = 7,

    /// <summary>Truth values, one byte each.</summary>
    Bool = 11,

    /// <summary>The upper half of a single.</summary>
    BFloat16 = 15,
}

/// <summary>Facts about element types.</summary>
public static class ScalarTypes
{
    /// <summary>Bytes per element.</summary>
    public static int Size(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 => 8,
        _ => throw new TorchException($"element type {(int)type} has no size here"),
    };

    /// <summary>Whether it is a floating-point type, one that gradients can have.</summary>
    public static bool IsFloatingPoint(this ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    /// <summary>The element type that holds a C# type.</summary>
    /// <exception cref="TorchException">There is none.</exception>
    public static ScalarType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? ScalarType.Float32
        : typeof(T) == typeof(long) ? ScalarType.Int64
        : typeof(T) == typeof(int) ? ScalarType.Int32
        : typeof(T) == typeof(double) ? ScalarType.Float64
        : typeof(T) == typeof(bool) ? ScalarType.Bool
        : typeof(T) == typeof(byte) ? ScalarType.Byte
        : typeof(T) == typeof(sbyte) ? ScalarType.Int8
        : typeof(T) == typeof(short) ? ScalarType.Int16
        : typeof(T) == typeof(Half) ? ScalarType.Float16
        : throw new TorchException($"no element type holds {typeof(T).Name}");
}
