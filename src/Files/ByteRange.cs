namespace AlpacaCot.Files;

/// <summary>The one check of every offset and length that a file states about itself.</summary>
public static class ByteRange
{
    /// <summary>
    /// Whether <paramref name="length"/> bytes from <paramref name="offset"/> on lie within the first <paramref name="total"/>. Offset and length are never
    /// added: those of a damaged file may be as large as a number can be, and their sum would be negative and pass.
    /// </summary>
    public static bool IsWithin(long offset, long length, long total) => offset >= 0 && length >= 0 && length <= total && offset <= total - length;
}
