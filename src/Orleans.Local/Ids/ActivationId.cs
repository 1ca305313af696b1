using System.Globalization;

namespace Orleans.Runtime;

/// <summary>The identity of one activation of a grain.</summary>
[Immutable]
public readonly struct ActivationId : IEquatable<ActivationId>
{
    /// <summary>Wraps an identity.</summary>
    public ActivationId(Guid key) => Key = key;

    /// <summary>The identity.</summary>
    public Guid Key { get; }

    /// <summary>Creates a new identity.</summary>
    public static ActivationId NewId() => new(Guid.NewGuid());

    /// <inheritdoc/>
    public bool Equals(ActivationId other) => Key == other.Key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ActivationId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => "@" + Key.ToString("N", CultureInfo.InvariantCulture);

    /// <summary>Equality.</summary>
    public static bool operator ==(ActivationId left, ActivationId right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(ActivationId left, ActivationId right) => !left.Equals(right);
}
