using System.Collections;
using System.IO.Hashing;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text.Json;
using AlpacaCot.Files;

namespace AlpacaCot.Data.Preparation;

/// <summary>What a token cache says of itself.</summary>
internal sealed record TokenCacheMeta(string ContentHash, PreparationReport Report, int Order, int Examples);

/// <summary>
/// Prepared examples on disk, a file a key, opened without being read: the ids stay in the file, which is mapped into memory, so that trials and processes share one copy. Little-endian: a magic line;
/// the distinct examples (int32 ids, then a bit for each that is set where it is learnt); then report and counts as JSON (int32 length before it), the order (int32 indices), the examples' lengths
/// (int32), the place where that begins (int64), and an XXH128 of all before it. A file whose sum does not fit is deleted and counts as absent.
/// </summary>
internal sealed class TokenCache(string folder)
{
    /// <summary>Examples between two places that are kept.</summary>
    private const int Stride = 32;

    private const int TailBytes = sizeof(long) + SumBytes, SumBytes = 16;

    /// <summary>The first line of a file, with the version of its form.</summary>
    public static byte[] Magic { get; } = "alpacacot-tokens-3\n"u8.ToArray();

    /// <summary>Bytes of the bits that tell what is learnt of so many tokens.</summary>
    public static int MaskBytes(int tokens) => (tokens + 7) / 8;

    /// <summary>Opens an entry; null where there is none, or none that is whole.</summary>
    public PreparedData? Read(string key)
    {
        var path = PathOf(key);
        try
        {
            if (Open(path, key) is { } found) return found;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        // A file with the right sum and the wrong structure was written by another version; it is made again like a damaged one.
        catch (Exception e) when (e is IOException or InvalidDataException or JsonException or UnauthorizedAccessException or ArgumentException)
        {
        }
        AtomicFile.TryDelete(path);
        return null;
    }

    /// <summary>Makes an entry and opens it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="write">Adds the examples and finishes the file.</param>
    public PreparedData Write(string key, Action<TokenCacheWriter> write)
    {
        AtomicFile.Write(PathOf(key), stream =>
        {
            using var writer = new TokenCacheWriter(stream);
            write(writer);
        });
        return (Open(PathOf(key), key) ?? throw new IOException($"{PathOf(key)}: holds something else than was written")) with { FromCache = false };
    }

    private string PathOf(string key) => Path.Combine(folder, key);

    private static PreparedData? Open(string path, string key)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        if (!IsWhole(file)) return null;
        file.Position = file.Length - TailBytes;
        using var reader = new BinaryReader(file);
        file.Position = reader.ReadInt64();
        var meta = JsonSerializer.Deserialize<TokenCacheMeta>(reader.ReadBytes(reader.ReadInt32())) ?? throw new InvalidDataException("no report");
        var orderAt = file.Position;
        return new PreparedData(new MappedExamples(path, meta, orderAt, Places(file, orderAt + ((long)meta.Order * sizeof(int)), meta.Examples)), meta.Report, key, meta.ContentHash, FromCache: true);
    }

    /// <summary>Where every so many-th example begins. The places between follow from the lengths, so that millions of examples take little memory.</summary>
    private static long[] Places(FileStream file, long lengthsAt, int examples)
    {
        var places = new long[(examples + Stride - 1) / Stride];
        long at = Magic.Length;
        var lengths = new int[1 << 16];
        file.Position = lengthsAt;
        for (var i = 0; i < examples;)
        {
            var some = lengths.AsSpan(0, Math.Min(lengths.Length, examples - i));
            file.ReadExactly(MemoryMarshal.AsBytes(some));
            foreach (var length in some)
            {
                if (i % Stride == 0) places[i / Stride] = at;
                at += Bytes(length);
                i++;
            }
        }
        return places;
    }

    private static long Bytes(int tokens) => ((long)tokens * sizeof(int)) + MaskBytes(tokens);

    private static bool IsWhole(FileStream file)
    {
        var length = file.Length - SumBytes;
        if (length < Magic.Length + sizeof(long)) return false;
        var sum = new XxHash128();
        var buffer = new byte[1 << 20];
        for (var left = length; left > 0;)
        {
            var read = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0) return false;
            if (left == length && !buffer.AsSpan(0, read).StartsWith(Magic)) return false;
            sum.Append(buffer.AsSpan(0, read));
            left -= read;
        }
        var stored = new byte[SumBytes];
        file.ReadExactly(stored);
        return sum.GetCurrentHash().AsSpan().SequenceEqual(stored);
    }

    /// <summary>The examples of a file in their order, each made when it is asked for.</summary>
    private sealed class MappedExamples(string path, TokenCacheMeta meta, long orderAt, long[] places) : IReadOnlyList<Example>
    {
        private readonly MemoryMappedViewAccessor _view = MemoryMappedFile.CreateFromFile(
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1), null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false)
            .CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);

        private readonly long _lengthsAt = orderAt + ((long)meta.Order * sizeof(int));

        public int Count => meta.Order;

        public Example this[int index]
        {
            get
            {
                ArgumentOutOfRangeException.ThrowIfNegative(index);
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, meta.Order);
                var example = _view.ReadInt32(orderAt + ((long)index * sizeof(int)));
                var place = places[example / Stride];
                for (var before = example / Stride * Stride; before < example; before++) place += Bytes(Length(before));
                var tokens = Length(example);
                var (ids, learnt) = (new int[tokens], new byte[MaskBytes(tokens)]);
                _view.ReadArray(place, ids, 0, ids.Length);
                _view.ReadArray(place + (long)ids.Length * sizeof(int), learnt, 0, learnt.Length);
                var labels = new int[ids.Length];
                for (var i = 0; i < labels.Length; i++) labels[i] = (learnt[i / 8] >> (i % 8) & 1) == 1 ? ids[i] : Example.Ignored;
                return new Example(ids, labels);
            }
        }

        private int Length(int example) => _view.ReadInt32(_lengthsAt + ((long)example * sizeof(int)));

        public IEnumerator<Example> GetEnumerator()
        {
            for (var i = 0; i < meta.Order; i++) yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
