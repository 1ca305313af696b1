using System.Globalization;

namespace Orleans.Runtime;

/// <summary>How integer and GUID keys are written into a grain's identity: hexadecimal digits, then <c>+extension</c> for compound keys.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>The key of a grain with an integer key.</summary>
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));

    /// <summary>The key of a grain with an integer key and an extension.</summary>
    public static IdSpan CreateIntegerKey(long key, string keyExtension) => Compound(key.ToString("X", CultureInfo.InvariantCulture), keyExtension);

    /// <summary>The key of a grain with a GUID key.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N", CultureInfo.InvariantCulture));

    /// <summary>The key of a grain with a GUID key and an extension.</summary>
    public static IdSpan CreateGuidKey(Guid key, string keyExtension) => Compound(key.ToString("N", CultureInfo.InvariantCulture), keyExtension);

    /// <summary>Reads an integer key and its extension, or returns false.</summary>
    public static bool TryGetIntegerKey(this GrainId grainId, out long key, out string? keyExt)
        => long.TryParse(Split(grainId, out keyExt), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out key);

    /// <summary>Reads a GUID key and its extension, or returns false.</summary>
    public static bool TryGetGuidKey(this GrainId grainId, out Guid key, out string? keyExt)
        => Guid.TryParseExact(Split(grainId, out keyExt), "N", out key);

    /// <summary>Reads an integer key.</summary>
    /// <exception cref="ArgumentException">The key is no integer.</exception>
    public static long GetIntegerKey(this GrainId grainId) => grainId.GetIntegerKey(out _);

    /// <summary>Reads an integer key and its extension.</summary>
    /// <exception cref="ArgumentException">The key is no integer.</exception>
    public static long GetIntegerKey(this GrainId grainId, out string? keyExt)
        => grainId.TryGetIntegerKey(out var key, out keyExt) ? key : throw Unreadable(grainId, "an integer");

    /// <summary>Reads a GUID key.</summary>
    /// <exception cref="ArgumentException">The key is no GUID.</exception>
    public static Guid GetGuidKey(this GrainId grainId) => grainId.GetGuidKey(out _);

    /// <summary>Reads a GUID key and its extension.</summary>
    /// <exception cref="ArgumentException">The key is no GUID.</exception>
    public static Guid GetGuidKey(this GrainId grainId, out string? keyExt)
        => grainId.TryGetGuidKey(out var key, out keyExt) ? key : throw Unreadable(grainId, "a GUID");

    private static IdSpan Compound(string key, string extension)
    {
        if (string.IsNullOrWhiteSpace(extension)) throw new ArgumentException("a key extension cannot be blank", nameof(extension));
        return IdSpan.Create($"{key}+{extension}");
    }

    private static ReadOnlySpan<char> Split(GrainId id, out string? extension)
    {
        var text = id.Key.ToString();
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        extension = plus < 0 ? null : text[(plus + 1)..];
        return plus < 0 ? text : text.AsSpan(0, plus);
    }

    private static ArgumentException Unreadable(GrainId id, string what) => new($"the key of grain {id} is not {what}", nameof(id));
}
