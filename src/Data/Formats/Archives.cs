using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Hashing;
using AlpacaCot.Files;
using SharpCompress.Archives.Zip;

namespace AlpacaCot.Data.Formats;

/// <summary>A file inside an archive. Nothing is ever unpacked to where its name says.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Open">Opens its content, which is checked against the archive's CRC as it is read.</param>
internal sealed record ArchiveEntry(string Name, Func<Stream> Open);

/// <summary>ZIP archives (stored, deflate, bzip2, LZMA, ZIP64) and tar archives, compressed or not.</summary>
internal static class Archives
{
    private static readonly string[] _tarEndings = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2"];

    /// <summary>Whether a file is an archive of files by its form or its name.</summary>
    public static bool IsArchive(string path, ReadOnlySpan<byte> head) => Compression.FormOf(path, head) == CompressionForm.Zip || IsTar(path);

    /// <summary>The entries in the archive's order, folders included with an empty content; each must be read before the next.</summary>
    /// <exception cref="DatasetException">It is no archive, damaged or cut off.</exception>
    public static IEnumerable<ArchiveEntry> Entries(string path) => IsTar(path) ? TarEntries(path) : ZipEntries(path);

    private static bool IsTar(string path) => Array.Exists(_tarEndings, ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<ArchiveEntry> ZipEntries(string path)
    {
        using var file = RegularFile.OpenRead(path);
        foreach (var entry in Listed(Whole(file, path), path))
        {
            if (entry.IsEncrypted) throw new DatasetException($"{path}: {VisibleText.OnOneLine(entry.Key ?? "")} is encrypted");
            yield return new ArchiveEntry(entry.Key ?? "", () => entry.IsDirectory ? Stream.Null : new CheckedStream(() => new CrcChecked(entry.OpenEntryStream(), (uint)entry.Crc, entry.Size), path, CompressionForm.Zip));
        }
    }

    private static List<ZipArchiveEntry> Listed(Stream file, string path)
    {
        try
        {
            return [.. ZipArchive.OpenArchive(file).Entries.OfType<ZipArchiveEntry>()];
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Damaged(path, e);
        }
    }

    private static IEnumerable<ArchiveEntry> TarEntries(string path)
    {
        using var content = SourceBytes.OpenStream(path);
        using var reader = new TarReader(content);
        while (true)
        {
            TarEntry? entry;
            try
            {
                entry = reader.GetNextEntry();
            }
            catch (Exception e) when (e is IOException or FormatException or InvalidDataException or ArgumentException)
            {
                throw Damaged(path, e);
            }
            if (entry is null) yield break;
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.Directory)) continue;
            yield return new ArchiveEntry(entry.Name, () => entry.DataStream ?? Stream.Null);
        }
    }

    private static DatasetException Damaged(string path, Exception e) => new($"{path}: is no whole archive: {e.Message.Split('\n')[0]}; fetch it again", e);

    /// <summary>The archive from its first entry on: what may stand before it (a shell script that unpacks itself) shifts every place that it names.</summary>
    private static Stream Whole(FileStream file, string path)
    {
        const int RecordBytes = 22, LongestComment = 65535;
        var tail = new byte[Math.Min(file.Length, RecordBytes + LongestComment)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        file.Position = 0;
        var at = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || tail.Length - at < RecordBytes) throw new DatasetException($"{path}: is no whole ZIP archive: its directory is missing; fetch it again");
        var record = tail.AsSpan(at);
        var (size, offset) = (BinaryPrimitives.ReadUInt32LittleEndian(record[12..]), BinaryPrimitives.ReadUInt32LittleEndian(record[16..]));
        // ZIP64 archives name neither here; theirs begin where they say.
        var before = size == uint.MaxValue || offset == uint.MaxValue ? 0 : file.Length - tail.Length + at - size - offset;
        return before > 0 ? new Shifted(file, before) : file;
    }

    /// <summary>A content that must have the CRC and the length that the archive says.</summary>
    private sealed class CrcChecked(Stream content, uint expected, long length) : ReadOnlyStream
    {
        private readonly Crc32 _crc = new();
        private long _read;

        public override int Read(Span<byte> buffer)
        {
            var read = content.Read(buffer);
            _crc.Append(buffer[..read]);
            _read += read;
            if (read == 0 && (_crc.GetCurrentHashAsUInt32() != expected || _read != length)) throw new InvalidDataException("the CRC or the length of an entry is another");
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) content.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Shifted(Stream file, long before) : ReadOnlyStream
    {
        public override bool CanSeek => true;

        public override long Length => file.Length - before;

        public override long Position { get => file.Position - before; set => file.Position = value + before; }

        public override int Read(Span<byte> buffer) => file.Read(buffer);

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(origin == SeekOrigin.Begin ? offset + before : offset, origin) - before;
    }
}
