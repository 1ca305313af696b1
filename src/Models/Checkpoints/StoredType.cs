namespace AlpacaCot.Models.Checkpoints;

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">Its name in the format, <c>BF16</c>.</param>
/// <param name="Bits">Bits of one element.</param>
/// <param name="Scalar">The tensor type it is computed with; null for types that are only stored.</param>
public sealed record StoredType(string Name, int Bits, ScalarType? Scalar)
{
    private static readonly Dictionary<string, StoredType> ByName = new StoredType[]
    {
        new("F64", 64, ScalarType.Float64), new("F32", 32, ScalarType.Float32), new("F16", 16, ScalarType.Float16), new("BF16", 16, ScalarType.BFloat16),
        new("I64", 64, ScalarType.Int64), new("I32", 32, ScalarType.Int32), new("I16", 16, ScalarType.Int16), new("I8", 8, ScalarType.Int8),
        new("U8", 8, ScalarType.Byte), new("BOOL", 8, ScalarType.Bool),
        new("U64", 64, null), new("U32", 32, null), new("U16", 16, null), new("C64", 64, null),
        new("F8_E4M3", 8, null), new("F8_E5M2", 8, null), new("F8_E8M0", 8, null), new("F8_E4M3FNUZ", 8, null), new("F8_E5M2FNUZ", 8, null),
        new("F6_E2M3", 6, null), new("F6_E3M2", 6, null), new("F4", 4, null),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    private static readonly Dictionary<ScalarType, StoredType> ByScalar =
        ByName.Values.Where(t => t.Scalar is not null).ToDictionary(t => t.Scalar!.Value);

    /// <summary>The type of a name, or null.</summary>
    public static StoredType? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>How a tensor's elements are stored.</summary>
    /// <exception cref="ModelException">The format has no such type.</exception>
    public static StoredType Of(ScalarType scalar)
        => ByScalar.GetValueOrDefault(scalar) ?? throw new ModelException($"tensors of type {scalar} cannot be stored in a safetensors file");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
