using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AlpacaCot.Data.Preparation;

/// <summary>What tells two examples apart: XXH128 of their ids and of their labels. It is made where the example is, on any thread.</summary>
/// <param name="Ids">Of the ids.</param>
/// <param name="Labels">Of the labels.</param>
/// <param name="Length">Tokens of the example.</param>
internal readonly record struct ExampleDigest(UInt128 Ids, UInt128 Labels, int Length)
{
    /// <summary>The digest of an example.</summary>
    public static ExampleDigest Of(Example example) => new(
        XxHash128.HashToUInt128(MemoryMarshal.AsBytes(example.Ids.AsSpan())), XxHash128.HashToUInt128(MemoryMarshal.AsBytes(example.Labels.AsSpan())), example.Ids.Length);
}

/// <summary>SHA-256 over the digests of the distinct examples of a mix and the order in which they are taught.</summary>
internal sealed class ContentHasher : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The hash of examples that are taught in an order.</summary>
    public static string Of(IEnumerable<Example> examples, ReadOnlySpan<int> order)
    {
        using var hasher = new ContentHasher();
        foreach (var example in examples) hasher.Add(ExampleDigest.Of(example));
        return hasher.Finish(order);
    }

    /// <summary>Adds an example.</summary>
    public void Add(ExampleDigest digest)
    {
        Span<byte> bytes = stackalloc byte[36];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, digest.Ids);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[16..], digest.Labels);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], digest.Length);
        _hash.AppendData(bytes);
    }

    /// <summary>The hash (hex) of what was added, taught in an order.</summary>
    public string Finish(ReadOnlySpan<int> order)
    {
        _hash.AppendData(MemoryMarshal.AsBytes(order));
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();
}
