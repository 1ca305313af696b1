using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AlpacaCot.Files;

namespace AlpacaCot.Silo.Http;

/// <summary>The secret that opens a silo's HTTP pages: one that the user gives, or one that is made once for a home and kept there for its owner alone.</summary>
internal sealed class ApiKey
{
    /// <summary>The environment variable that gives a key; unlike an argument, other users do not see it in the list of processes.</summary>
    public const string Variable = "ALPACACOT_API_KEY";

    // Shorter ones can be guessed by trying.
    private const int LeastCharacters = 16;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly byte[] _hash;

    private ApiKey(string value, bool given)
    {
        (Value, IsGiven) = (value, given);
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(value));
        CookieValue = Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(value), "alpacacot cookie"u8));
    }

    /// <summary>The key.</summary>
    public string Value { get; }

    /// <summary>Whether the user has given it, and so need not be told.</summary>
    public bool IsGiven { get; }

    /// <summary>What a browser keeps in place of the key, from which the key cannot be told.</summary>
    public string CookieValue { get; }

    /// <summary>The given key, else the home's own, made if need be.</summary>
    /// <param name="given">What the user gave, or null or nothing.</param>
    /// <param name="runFolder">The home's folder of sockets and locks.</param>
    /// <exception cref="FormatException">The given key is too short, or others can read the home's own.</exception>
    public static ApiKey Resolve(string? given, string runFolder)
    {
        if (string.IsNullOrEmpty(given)) return new ApiKey(OwnKey(Path.Combine(runFolder, "api-key")), given: false);
        return given.Length >= LeastCharacters ? new ApiKey(given, given: true) : throw new FormatException($"an API key has at least {LeastCharacters} characters");
    }

    /// <summary>Whether this is the key. It takes the same time however much of it is right.</summary>
    public bool Opens(string? candidate)
        => candidate is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(candidate)), _hash);

    /// <summary>Whether a browser's cookie is this key's.</summary>
    public bool OpensAsCookie(string? cookie)
        => cookie is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(cookie), Encoding.UTF8.GetBytes(CookieValue));

    private static string OwnKey(string path)
    {
        var key = AtomicFile.CreateOnce(path, () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0) throw new FormatException($"other users can read the key in {path}: delete it, and a new one is made");
        return key.Trim();
    }
}
