using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AlpacaCot.Data.Preparation;

/// <summary>SHA-256 over the distinct examples of a mix (length, ids, labels of each) and the order in which they are taught.</summary>
internal sealed class ContentHasher : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The hash of examples that are taught in an order.</summary>
    public static string Of(IEnumerable<Example> examples, int[] order)
    {
        using var hasher = new ContentHasher();
        foreach (var example in examples) hasher.Add(example);
        return hasher.Finish(order);
    }

    /// <summary>Adds an example.</summary>
    public void Add(Example example)
    {
        _hash.AppendData(BitConverter.GetBytes(example.Ids.Length));
        _hash.AppendData(MemoryMarshal.AsBytes(example.Ids.AsSpan()));
        _hash.AppendData(MemoryMarshal.AsBytes(example.Labels.AsSpan()));
    }

    /// <summary>The hash (hex) of what was added, taught in an order.</summary>
    public string Finish(int[] order)
    {
        _hash.AppendData(MemoryMarshal.AsBytes(order.AsSpan()));
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();
}
