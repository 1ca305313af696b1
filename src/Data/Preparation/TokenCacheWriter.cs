using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AlpacaCot.Data.Preparation;

/// <summary>Takes examples as they are built and keeps them; what a mix is made of are their indices.</summary>
internal interface IExampleStore
{
    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>Keeps an example.</summary>
    void Add(Example example, ExampleDigest digest);
}

/// <summary>Examples in memory.</summary>
internal sealed class ExampleList : IExampleStore
{
    /// <summary>The examples.</summary>
    public List<Example> Examples { get; } = [];

    public int Count => Examples.Count;

    public void Add(Example example, ExampleDigest digest) => Examples.Add(example);
}

/// <summary>Writes a token cache as examples come, so that memory holds their lengths alone and never their ids.</summary>
internal sealed class TokenCacheWriter : IExampleStore, IDisposable
{
    private readonly Stream _stream;
    private readonly XxHash128 _sum = new();
    private readonly ContentHasher _content = new();
    private readonly List<int> _lengths = [];
    private long _position;
    private byte[] _learnt = [];

    /// <summary>Begins the file.</summary>
    public TokenCacheWriter(Stream stream)
    {
        _stream = stream;
        Write(TokenCache.Magic);
    }

    public int Count => _lengths.Count;

    /// <summary>Adds an example: its ids, then a bit for each that is set where it is learnt.</summary>
    public void Add(Example example, ExampleDigest digest)
    {
        _content.Add(digest);
        _lengths.Add(example.Ids.Length);
        Write(MemoryMarshal.AsBytes(example.Ids.AsSpan()));
        var bytes = TokenCache.MaskBytes(example.Ids.Length);
        if (_learnt.Length < bytes) _learnt = new byte[2 * bytes];
        Array.Clear(_learnt, 0, bytes);
        for (var i = 0; i < example.Labels.Length; i++)
            if (example.Labels[i] != Example.Ignored) _learnt[i / 8] |= (byte)(1 << (i % 8));
        Write(_learnt.AsSpan(0, bytes));
    }

    /// <summary>Ends the file: the report, the order, the lengths of the examples, where all that begins, and the checksum of the whole.</summary>
    /// <param name="taught">Indices of examples in the order in which they are taught; one may occur several times.</param>
    /// <param name="report">What was read, kept and refused.</param>
    public void Finish(List<int> taught, PreparationReport report)
    {
        var trailer = _position;
        var order = CollectionsMarshal.AsSpan(taught);
        var meta = JsonSerializer.SerializeToUtf8Bytes(new TokenCacheMeta(_content.Finish(order), report, order.Length, _lengths.Count));
        Write(BitConverter.GetBytes(meta.Length));
        Write(meta);
        Write(MemoryMarshal.AsBytes(order));
        Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_lengths)));
        Write(BitConverter.GetBytes(trailer));
        _stream.Write(_sum.GetCurrentHash());
    }

    public void Dispose() => _content.Dispose();

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _sum.Append(bytes);
        _position += bytes.Length;
    }
}
