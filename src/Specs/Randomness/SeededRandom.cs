using System.Numerics;
using System.Text;

namespace AlpacaCot.Specs.Randomness;

/// <summary>
/// xoshiro256** (Blackman and Vigna 2018) seeded through SplitMix64. It is ours so that a seed means the same rows on every runtime version.
/// </summary>
public sealed class SeededRandom
{
    private const ulong FnvPrime = 0x100000001B3;

    private ulong _s0, _s1, _s2, _s3;

    private SeededRandom(ulong seed)
    {
        _s0 = SplitMix64.Next(ref seed);
        _s1 = SplitMix64.Next(ref seed);
        _s2 = SplitMix64.Next(ref seed);
        _s3 = SplitMix64.Next(ref seed);
    }

    /// <summary>A generator of its own for one purpose under a seed: drawing more for one purpose never shifts another.</summary>
    public static SeededRandom For(long seed, string purpose, long index = 0)
    {
        var state = StableHash(purpose);
        state ^= SplitMix64.Mix((ulong)seed);
        state = SplitMix64.Mix(state) ^ (ulong)index * 0x9E3779B97F4A7C15UL;
        return new SeededRandom(state);
    }

    /// <summary>FNV-1a over UTF-8, finished by SplitMix64: equal on every machine and run.</summary>
    public static ulong StableHash(ReadOnlySpan<char> text)
    {
        var hash = 0xCBF29CE484222325UL;
        // ASCII is its own UTF-8.
        if (Ascii.IsValid(text)) foreach (var c in text) hash = (hash ^ c) * FnvPrime;
        else foreach (var b in Encoding.UTF8.GetBytes(text.ToArray())) hash = (hash ^ b) * FnvPrime;
        return SplitMix64.Mix(hash);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => SplitMix64.ToUnit(NextUInt64());

    /// <summary>Uniform in [0, bound), without bias.</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        var limit = ulong.MaxValue - ulong.MaxValue % (ulong)bound;
        ulong draw;
        do draw = NextUInt64();
        while (draw >= limit);
        return (int)(draw % (ulong)bound);
    }

    /// <summary>Uniform in [low, high], both included, without bias.</summary>
    public BigInteger Next(BigInteger low, BigInteger high)
    {
        if (low >= long.MinValue && high <= long.MaxValue && low <= high) return Next((long)low, (long)high);
        var span = high - low;
        if (span.Sign < 0) throw new ArgumentOutOfRangeException(nameof(high), "high is below low");
        if (span.IsZero) return low;
        if (span <= ulong.MaxValue) return low + NextUpTo((ulong)span);
        var bits = (int)span.GetBitLength();
        BigInteger draw;
        do
        {
            draw = BigInteger.Zero;
            for (var have = 0; have < bits; have += 64) draw = (draw << 64) | NextUInt64();
            draw &= (BigInteger.One << bits) - 1;
        }
        while (draw > span);
        return low + draw;
    }

    // The same draws as for longer numbers.
    private long Next(long low, long high) => low == high ? low : (long)((ulong)low + NextUpTo((ulong)high - (ulong)low));

    // The same draws as for longer spans, without long numbers.
    private ulong NextUpTo(ulong span)
    {
        var mask = ulong.MaxValue >> BitOperations.LeadingZeroCount(span);
        ulong draw;
        do draw = NextUInt64() & mask;
        while (draw > span);
        return draw;
    }

    /// <summary>Fisher-Yates.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
