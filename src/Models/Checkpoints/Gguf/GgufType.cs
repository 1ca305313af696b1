namespace AlpacaCot.Models.Checkpoints.Gguf;

/// <summary>How a GGUF file stores elements: plainly, or in blocks that share scales.</summary>
/// <param name="Id">The format's number.</param>
/// <param name="Name">The format's name.</param>
/// <param name="Elements">Elements of a block; 1 for plain types.</param>
/// <param name="Bytes">Bytes of a block.</param>
/// <param name="Scalar">The tensor type of a plain type; null for blocks, which are computed with in fp32.</param>
internal sealed record GgufType(uint Id, string Name, int Elements, int Bytes, ScalarType? Scalar = null)
{
    public static GgufType F32 { get; } = new(0, "F32", 1, 4, ScalarType.Float32);

    public static GgufType F16 { get; } = new(1, "F16", 1, 2, ScalarType.Float16);

    public static GgufType BF16 { get; } = new(30, "BF16", 1, 2, ScalarType.BFloat16);

    public static GgufType Q8_0 { get; } = new(8, "Q8_0", 32, 34);

    public static GgufType Q4_0 { get; } = new(2, "Q4_0", 32, 18);

    public static GgufType Q4_K { get; } = new(12, "Q4_K", 256, 144);

    private static readonly GgufType[] All =
    [
        F32, F16, BF16, Q8_0, Q4_0, Q4_K, new(3, "Q4_1", 32, 20), new(6, "Q5_0", 32, 22), new(7, "Q5_1", 32, 24),
        new(10, "Q2_K", 256, 84), new(11, "Q3_K", 256, 110), new(13, "Q5_K", 256, 176), new(14, "Q6_K", 256, 210),
    ];

    /// <summary>The types that are written, by the name that a user gives, with the number of the file's usual type.</summary>
    private static readonly (string Option, GgufType Type, uint FileType)[] Written =
        [("fp32", F32, 0), ("fp16", F16, 1), ("bf16", BF16, 32), ("q8_0", Q8_0, 7), ("q4_0", Q4_0, 2), ("q4_k", Q4_K, 14)];

    /// <summary>The names that a user may give, in order.</summary>
    public static IReadOnlyList<string> Options { get; } = [.. Written.Select(entry => entry.Option)];

    /// <summary>A type that is read, or null.</summary>
    public static GgufType? Find(uint id) => Array.Find(All, type => type.Id == id);

    /// <summary>A type that is read by its name, or null.</summary>
    public static GgufType? Find(string name) => Array.Find(All, type => type.Name == name);

    /// <summary>A type that is written by the name that a user gives, and the number that the file says it by; null where there is none.</summary>
    public static (GgufType Type, uint FileType)? ToWrite(string option)
        => Array.Find(Written, entry => string.Equals(entry.Option, option, StringComparison.OrdinalIgnoreCase)) is { Type: not null } found ? (found.Type, found.FileType) : null;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
