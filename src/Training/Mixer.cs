namespace AlpacaCot.Training;

/// <summary>SplitMix64 (Steele et al., 2014): random numbers as a function of what they are for, without state to save.</summary>
internal static class Mixer
{
    /// <summary>A well-mixed function of 64 bits.</summary>
    public static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>A key from several numbers.</summary>
    public static ulong Key(params ReadOnlySpan<ulong> parts)
    {
        var key = 0UL;
        foreach (var part in parts) key = Mix(key ^ part);
        return key;
    }
}
