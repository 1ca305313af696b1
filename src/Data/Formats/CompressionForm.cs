namespace AlpacaCot.Data.Formats;

/// <summary>How a file is compressed; told by its first bytes, but for the forms that have none of their own.</summary>
internal enum CompressionForm
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>gzip (RFC 1952), of one member or several.</summary>
    Gzip,

    /// <summary>zlib (RFC 1950): has no certain first bytes, so that it must be asked for.</summary>
    Zlib,

    /// <summary>A bare deflate stream (RFC 1951): has no first bytes of its own.</summary>
    Deflate,

    /// <summary>Zstandard (RFC 8878), of one frame or several.</summary>
    Zstandard,

    /// <summary>xz, of one stream or several.</summary>
    Xz,

    /// <summary>The older .lzma form: has no certain first bytes, told by the file's name.</summary>
    Lzma,

    /// <summary>bzip2.</summary>
    Bzip2,

    /// <summary>LZ4 frames.</summary>
    Lz4,

    /// <summary>A ZIP archive.</summary>
    Zip,
}
