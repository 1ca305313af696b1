using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AlpacaCot.Files;

/// <summary>
/// What the members and the clients of a cluster know each other by: one key with its certificate, made once and kept in the home that they share, for its owner alone. Whoever has it is one of them;
/// whoever has not is not talked to.
/// </summary>
public static class ClusterIdentity
{
    /// <summary>The name in the certificate. It tells nothing apart: the key does.</summary>
    public const string Name = "alpacacot";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The key is valid as long as it lies there: no date ends it, and no clock that is wrong.
    private static readonly DateTimeOffset _from = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), _until = new(2999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The home's, made if need be.</summary>
    /// <exception cref="HomeException">It cannot be read or made, or other users can read it.</exception>
    public static X509Certificate2 Of(HomeLayout home)
    {
        var path = Path.Combine(home.Run, "cluster.pem");
        try
        {
            var pem = AtomicFile.CreateOnce(path, Make);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0) throw new HomeException($"other users can read the cluster's key in {path}: delete it, and a new one is made; all silos start anew then");
            return X509Certificate2.CreateFromPem(pem, pem);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new HomeException($"the cluster's key in {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Whether a certificate that a peer has shown, and whose key it has, is the same.</summary>
    public static bool Is(this X509Certificate2 own, X509Certificate2? shown) => shown is not null && CryptographicOperations.FixedTimeEquals(own.RawData, shown.RawData);

    private static string Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(_from, _until);
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
