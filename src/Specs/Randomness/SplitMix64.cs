namespace AlpacaCot.Specs.Randomness;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, 2014). As a function it gives random numbers by what they are for, with no state to save: what a
/// step draws follows from its seed, its purpose and its number, so that resuming draws the same.
/// </summary>
public static class SplitMix64
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>A well-mixed function of 64 bits.</summary>
    public static ulong Mix(ulong x) => Next(ref x);

    /// <summary>The next number of the generator whose whole state is <paramref name="state"/>.</summary>
    public static ulong Next(ref ulong state)
    {
        var z = state += Gamma;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A key from several numbers.</summary>
    public static ulong Key(params ReadOnlySpan<ulong> parts)
    {
        var key = 0UL;
        foreach (var part in parts) key = Mix(key ^ part);
        return key;
    }

    /// <summary>A number in [0, 1) from 64 random bits; a double holds 53 of them.</summary>
    public static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
