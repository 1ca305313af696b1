using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Preparation;

/// <summary>
/// Prepared examples on disk, a file a key. Little-endian: a magic line, the report as JSON (int32 length before it), the distinct examples
/// (int32 count; each int32 tokens, int32 ids, a bit per token that is set where it is learnt), the order (int32 count, int32 indices),
/// SHA-256 of all before it. A file whose hash does not fit is deleted and counts as absent.
/// </summary>
internal sealed class TokenCache(string folder)
{
    private static readonly byte[] _magic = "alpacacot-tokens-1\n"u8.ToArray();

    /// <summary>SHA-256 (hex) over lengths, ids and labels in order.</summary>
    public static string ContentHash(IReadOnlyList<Example> examples)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var example in examples)
        {
            hash.AppendData(BitConverter.GetBytes(example.Ids.Length));
            hash.AppendData(MemoryMarshal.AsBytes(example.Ids.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(example.Labels.AsSpan()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public PreparedData? Read(string key)
    {
        var path = PathOf(key);
        try
        {
            using var file = File.OpenRead(path);
            if (IsWhole(file)) return Parse(file, key);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        // A file with the right hash and the wrong structure was written by another version; it is made again like a damaged one.
        catch (Exception e) when (e is IOException or InvalidDataException or JsonException or UnauthorizedAccessException)
        {
        }
        AtomicFile.TryDelete(path);
        return null;
    }

    public void Write(PreparedData prepared) => AtomicFile.Write(PathOf(prepared.Key), file =>
    {
        using var sha = SHA256.Create();
        using (var hashing = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true))
        using (var writer = new BinaryWriter(hashing))
        {
            writer.Write(_magic);
            var meta = JsonSerializer.SerializeToUtf8Bytes(new Meta(prepared.ContentHash, prepared.Report));
            writer.Write(meta.Length);
            writer.Write(meta);
            var indices = new Dictionary<Example, int>(ReferenceEqualityComparer.Instance);
            var order = prepared.Examples.Select(example => indices.TryGetValue(example, out var index) ? index : indices[example] = indices.Count).ToArray();
            writer.Write(indices.Count);
            foreach (var (example, _) in indices.OrderBy(entry => entry.Value)) WriteExample(writer, example);
            writer.Write(order.Length);
            writer.Write(MemoryMarshal.AsBytes(order.AsSpan()));
        }
        file.Write(sha.Hash!);
    });

    private string PathOf(string key) => Path.Combine(folder, key);

    private static bool IsWhole(FileStream file)
    {
        var length = file.Length - SHA256.HashSizeInBytes;
        if (length < _magic.Length) return false;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (var left = length; left > 0;)
        {
            var read = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0) return false;
            hash.AppendData(buffer, 0, read);
            left -= read;
        }
        var stored = new byte[SHA256.HashSizeInBytes];
        file.ReadExactly(stored);
        file.Position = 0;
        return hash.GetHashAndReset().AsSpan().SequenceEqual(stored);
    }

    private static PreparedData Parse(Stream file, string key)
    {
        using var reader = new BinaryReader(file);
        if (!reader.ReadBytes(_magic.Length).AsSpan().SequenceEqual(_magic)) throw new InvalidDataException("not a token cache");
        var meta = JsonSerializer.Deserialize<Meta>(reader.ReadBytes(reader.ReadInt32())) ?? throw new InvalidDataException("no report");
        var distinct = new Example[reader.ReadInt32()];
        for (var i = 0; i < distinct.Length; i++) distinct[i] = ReadExample(reader);
        var order = new int[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(order.AsSpan()));
        return new PreparedData([.. order.Select(index => distinct[index])], meta.Report, key, meta.ContentHash, FromCache: true);
    }

    private static void WriteExample(BinaryWriter writer, Example example)
    {
        writer.Write(example.Ids.Length);
        writer.Write(MemoryMarshal.AsBytes(example.Ids.AsSpan()));
        var learnt = new byte[(example.Ids.Length + 7) / 8];
        for (var i = 0; i < example.Labels.Length; i++)
            if (example.Labels[i] != Example.Ignored) learnt[i / 8] |= (byte)(1 << (i % 8));
        writer.Write(learnt);
    }

    private static Example ReadExample(BinaryReader reader)
    {
        var ids = new int[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(ids.AsSpan()));
        var learnt = reader.ReadBytes((ids.Length + 7) / 8);
        var labels = new int[ids.Length];
        for (var i = 0; i < labels.Length; i++) labels[i] = (learnt[i / 8] >> (i % 8) & 1) == 1 ? ids[i] : Example.Ignored;
        return new Example(ids, labels);
    }

    private sealed record Meta(string ContentHash, PreparationReport Report);
}
