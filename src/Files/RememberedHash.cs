using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AlpacaCot.Files;

/// <summary>SHA-256 of files that may be large, remembered by path, length and time of change.</summary>
public static class RememberedHash
{
    private sealed record CachedHash(
        [property: JsonPropertyName("path")] string Path,
        [property: JsonPropertyName("length")] long Length,
        [property: JsonPropertyName("modified")] long Modified,
        [property: JsonPropertyName("sha256")] string Sha256);

    /// <summary>A file's length, time of change (UTC ticks) and hash.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cacheFolder">Where hashes are remembered; nothing is remembered where null.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static (long Length, long Modified, string Sha256) Of(string file, string? cacheFolder)
    {
        var full = Path.GetFullPath(file);
        var info = new FileInfo(full);
        var (length, modified) = (info.Length, info.LastWriteTimeUtc.Ticks);
        var remembered = cacheFolder is null ? null : Path.Combine(cacheFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..32] + ".json");
        if (remembered is not null && Recall(remembered) is { } known && known.Path == full && known.Length == length && known.Modified == modified) return (length, modified, known.Sha256);
        var hash = ContentHash.OfFile(full);
        if (remembered is not null) AtomicFile.WriteAllText(remembered, JsonSerializer.Serialize(new CachedHash(full, length, modified, hash)));
        return (length, modified, hash);
    }

    private static CachedHash? Recall(string remembered)
    {
        try
        {
            return File.Exists(remembered) ? JsonSerializer.Deserialize<CachedHash>(File.ReadAllBytes(remembered)) : null;
        }
        catch (JsonException)
        {
            return null;   // a damaged note is as good as none
        }
    }
}
