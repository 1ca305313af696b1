namespace Orleans.Concurrency;

/// <summary>A value that is never changed after it is sent, so that local calls need not copy it.</summary>
[GenerateSerializer, Immutable]
public readonly struct Immutable<T>
{
    /// <summary>The value.</summary>
    [Id(0)]
    public readonly T Value;

    /// <summary>Wraps a value.</summary>
    public Immutable(T value) => Value = value;
}

/// <summary>Wraps values as immutable.</summary>
public static class ImmutableExtensions
{
    /// <summary>Promises that a value is not changed any more.</summary>
    public static Immutable<T> AsImmutable<T>(this T value) => new(value);
}
