using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models;

/// <summary>A hash of what a model is: its configuration and its weight files, byte for byte; not where it lies, nor its tokenizer.</summary>
public static class ModelFingerprint
{
    private sealed record CachedHash(
        [property: JsonPropertyName("path")] string Path,
        [property: JsonPropertyName("length")] long Length,
        [property: JsonPropertyName("modified")] long Modified,
        [property: JsonPropertyName("sha256")] string Sha256);

    /// <summary>The SHA-256 over names and hashes of all its files, as 64 hex digits.</summary>
    /// <param name="path">A model directory, or a llama2.c file.</param>
    /// <param name="cacheFolder">Where hashes of files are remembered by path, length and time of change; nothing is remembered where null.</param>
    /// <exception cref="ModelException">No model there, or a file cannot be read.</exception>
    public static string Compute(string path, string? cacheFolder = null)
    {
        var text = new StringBuilder();
        foreach (var file in Checkpoint.Files(path).OrderBy(Path.GetFileName, StringComparer.Ordinal))
            text.Append(Path.GetFileName(file)).Append('\0').Append(HashOf(file, cacheFolder)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string HashOf(string file, string? cacheFolder)
    {
        try
        {
            var full = Path.GetFullPath(file);
            var info = new FileInfo(full);
            var (length, modified) = (info.Length, info.LastWriteTimeUtc.Ticks);
            var remembered = cacheFolder is null ? null : Path.Combine(cacheFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..32] + ".json");
            if (remembered is not null && Recall(remembered) is { } known && known.Path == full && known.Length == length && known.Modified == modified) return known.Sha256;

            using var stream = File.OpenRead(full);
            var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (remembered is not null) AtomicFile.WriteAllText(remembered, JsonSerializer.Serialize(new CachedHash(full, length, modified, hash)));
            return hash;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{file}: cannot be hashed: {e.Message}", e);
        }
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
