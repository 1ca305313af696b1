namespace AlpacaCot.Kernels;

/// <summary>
/// The scales of four-bit blocks: in fp32, or themselves in eight bits (double quantisation), where a scale is
/// <c>Map[code] · Largest[block of codes] + Offset</c>.
/// </summary>
/// <param name="block">Weights of a block.</param>
/// <param name="largest">The scale of each block, or of each block of codes.</param>
public readonly ref struct FourBitScales(int block, ReadOnlySpan<float> largest)
{
    /// <summary>Weights of a block.</summary>
    public int Block { get; } = block;

    /// <summary>The scale of each block, or of each block of codes.</summary>
    public ReadOnlySpan<float> Largest { get; } = largest;

    /// <summary>The code of each block's scale; none where scales are in fp32.</summary>
    public ReadOnlySpan<byte> Codes { get; init; }

    /// <summary>What the 256 codes stand for.</summary>
    public ReadOnlySpan<float> Map { get; init; }

    /// <summary>Scales of a block of codes.</summary>
    public int NestedBlock { get; init; }

    /// <summary>What is added to each.</summary>
    public float Offset { get; init; }

    /// <summary>Blocks.</summary>
    public int Count => Codes.IsEmpty ? Largest.Length : Codes.Length;
}
