using System.Security.Cryptography;
using System.Text;

namespace AlpacaCot.Files.Hub;

/// <summary>
/// What a file's content must hash to: SHA-256 (64 hex digits; given by the caller, or the hub's ETag of a large file), or git's blob hash
/// (40 hex digits; the hub's ETag of a small one: SHA-1 over "blob LENGTH\0" and the content).
/// </summary>
internal static class Checksum
{
    /// <summary>Whether an ETag is a hash of one of the two kinds.</summary>
    public static bool IsHash(string? text) => text is { Length: 64 or 40 } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a file has the hash.</summary>
    public static async Task<bool> MatchesAsync(string path, string expected, CancellationToken cancellation)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, useAsync: true);
        using var hash = IncrementalHash.CreateHash(expected.Length == 40 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        if (expected.Length == 40) hash.AppendData(Encoding.ASCII.GetBytes($"blob {stream.Length}\0"));
        var buffer = new byte[1 << 20];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0) hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == expected;
    }
}
