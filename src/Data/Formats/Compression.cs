using System.IO.Compression;
using K4os.Compression.LZ4.Streams;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;
using ZstdSharp.Unsafe;
using CompressionMode = System.IO.Compression.CompressionMode;

namespace AlpacaCot.Data.Formats;

/// <summary>Compressed files as streams of their content. A file that is cut off or damaged is refused where that shows, never silently shortened.</summary>
internal static class Compression
{
    /// <summary>Bytes that tell a form.</summary>
    public const int SniffBytes = 8;

    /// <summary>The greatest window of a Zstandard frame, as a power of two: what <c>zstd --ultra --long=31</c> writes.</summary>
    private const int LargestWindowLog = 31;

    private static readonly (CompressionForm Form, byte[] Magic)[] _magics =
    [
        (CompressionForm.Gzip, [0x1F, 0x8B]),
        (CompressionForm.Zstandard, [0x28, 0xB5, 0x2F, 0xFD]),
        (CompressionForm.Xz, [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]),
        (CompressionForm.Bzip2, "BZh"u8.ToArray()),
        (CompressionForm.Lz4, [0x04, 0x22, 0x4D, 0x18]),
        (CompressionForm.Zip, [(byte)'P', (byte)'K', 3, 4]),
        (CompressionForm.Zip, [(byte)'P', (byte)'K', 5, 6]),
    ];

    private static readonly Dictionary<string, CompressionForm> _endings = new(StringComparer.OrdinalIgnoreCase)
    {
        [".gz"] = CompressionForm.Gzip, [".zst"] = CompressionForm.Zstandard, [".xz"] = CompressionForm.Xz, [".lzma"] = CompressionForm.Lzma,
        [".bz2"] = CompressionForm.Bzip2, [".lz4"] = CompressionForm.Lz4, [".zip"] = CompressionForm.Zip,
    };

    /// <summary>The endings of file names that stand for a compression.</summary>
    public static IReadOnlyCollection<string> Endings => _endings.Keys;

    /// <summary>The form of a file: by its first bytes, else by its name, which makes a file that is not what it is called an error and not a text.</summary>
    public static CompressionForm FormOf(string path, ReadOnlySpan<byte> head)
    {
        foreach (var (form, magic) in _magics)
            if (head.StartsWith(magic)) return form;
        // Skippable frames of Zstandard (and LZ4) may stand first: 0x184D2A50 to 0x184D2A5F.
        if (head.Length >= 4 && (head[0] & 0xF0) == 0x50 && head[1..4].SequenceEqual((ReadOnlySpan<byte>)[0x2A, 0x4D, 0x18])) return CompressionForm.Zstandard;
        return _endings.GetValueOrDefault(Path.GetExtension(path));
    }

    /// <summary>The content of a file that is one compressed stream.</summary>
    /// <param name="file">The file, at its beginning; it is closed with the result.</param>
    /// <param name="form">Its form, which is no archive.</param>
    /// <param name="path">What to call it in an error.</param>
    public static Stream Open(FileStream file, CompressionForm form, string path) => form == CompressionForm.None ? file : new CheckedStream(() => Content(file, form), path, form, file);

    private static Stream Content(FileStream file, CompressionForm form) => form switch
    {
        CompressionForm.Gzip => new GzipMembers(file),
        CompressionForm.Zlib => new ZLibStream(file, CompressionMode.Decompress),
        CompressionForm.Deflate => new DeflateStream(file, CompressionMode.Decompress),
        CompressionForm.Zstandard => Zstandard(file),
        CompressionForm.Xz => new XzStreams(file),
        CompressionForm.Lzma => Lzma(file),
        CompressionForm.Bzip2 => BZip2Stream.Create(file, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: false),
        CompressionForm.Lz4 => LZ4Stream.Decode(file),
        _ => throw new ArgumentOutOfRangeException(nameof(form)),
    };

    private static ZstdSharp.DecompressionStream Zstandard(FileStream file)
    {
        var stream = new ZstdSharp.DecompressionStream(file, leaveOpen: false);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, LargestWindowLog);
        return stream;
    }

    private static LzmaStream Lzma(FileStream file)
    {
        var header = new byte[13];
        file.ReadExactly(header);
        // Eight bytes of ones stand for a length that is not told: an end mark follows instead.
        return LzmaStream.Create(header[..5], file, file.Length - header.Length, BitConverter.ToInt64(header, 5));
    }
}
