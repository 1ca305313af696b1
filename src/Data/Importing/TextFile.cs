namespace AlpacaCot.Data.Importing;

/// <summary>A file of text with the encoding that it is read in. A path alone is a file in UTF-8.</summary>
/// <param name="Path">The file.</param>
/// <param name="Encoding">Its encoding.</param>
internal sealed record TextFile(string Path, SourceEncoding Encoding)
{
    public static implicit operator TextFile(string path) => new(path, SourceEncoding.Utf8);

    /// <summary>The path, as messages name the file.</summary>
    public override string ToString() => Path;
}
