using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models;

/// <summary>A hash of what a model is: its configuration and its weight files, byte for byte; not where it lies, nor its tokenizer.</summary>
public static class ModelFingerprint
{
    /// <summary>Bytes of a file that are looked at in one place.</summary>
    private const int Glance = 1 << 16;

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

    /// <summary>
    /// Whether two places hold the same model as far as a glance tells: files of the same names and lengths whose beginnings, middles and ends are equal.
    /// Cheap also for large models, whose weights differ everywhere where they differ at all.
    /// </summary>
    /// <exception cref="ModelException">No model there, or a file cannot be read.</exception>
    public static bool LooksSame(string path, string other)
    {
        IReadOnlyList<string> Sorted(string model) => [.. Checkpoint.Files(model).OrderBy(Path.GetFileName, StringComparer.Ordinal)];
        var (files, others) = (Sorted(path), Sorted(other));
        return files.Select(Path.GetFileName).SequenceEqual(others.Select(Path.GetFileName)) && files.Zip(others).All(pair => LookSame(pair.First, pair.Second));
    }

    private static bool LookSame(string a, string b)
    {
        using MappedFile first = new(a), second = new(b);
        if (first.Length != second.Length) return false;
        var length = (int)Math.Min(Glance, first.Length);
        return new[] { 0, (first.Length - length) / 2, first.Length - length }.All(at => first.Span(at, length).SequenceEqual(second.Span(at, length)));
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
