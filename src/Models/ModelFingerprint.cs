using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models;

/// <summary>A hash of what a model is: its configuration and its weight files, byte for byte; not where it lies, nor its tokenizer.</summary>
public static class ModelFingerprint
{
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
            return RememberedHash.Of(file, cacheFolder).Sha256;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{file}: cannot be hashed: {e.Message}", e);
        }
    }
}
