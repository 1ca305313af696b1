using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Data.Preflight;

/// <summary>
/// Near duplicates by MinHash (Broder 1997): of each of <see cref="Permutations"/> hash functions the smallest value over a text's shingles is kept; two texts agree in as many of them as their
/// sets of shingles overlap (Jaccard). Candidates are found by bands of the signature.
/// </summary>
internal static class MinHash
{
    /// <summary>Hash functions of a signature.</summary>
    public const int Permutations = 32;

    /// <summary>Values of one band: 8 bands of 4 find a pair of similarity 0.8 with a probability of 0.985.</summary>
    public const int BandRows = 4;

    /// <summary>Letters and digits of one shingle.</summary>
    private const int ShingleLength = 5;

    /// <summary>Shorter texts agree by chance: greetings, yes and no.</summary>
    private const int ShortestText = 40;

    private static readonly uint[] _factors = Numbers(0x5EED, odd: 1);
    private static readonly uint[] _terms = Numbers(0xB00C, odd: 0);

    /// <summary>Odd, so that no part of a shingle is lost; its fourth power takes the letter out that leaves the window.</summary>
    private const uint Base = 0x01000193, Leaving = unchecked(Base * Base * Base * Base);

    /// <summary>The letters and digits of a text, in lower case; how many there are.</summary>
    /// <param name="text">The text.</param>
    /// <param name="letters">Where they are written; as long as the text.</param>
    public static int Letters(ReadOnlySpan<char> text, Span<char> letters)
    {
        var count = 0;
        foreach (var c in text)
        {
            if (char.IsAscii(c))
            {
                if (char.IsAsciiLetterOrDigit(c)) letters[count++] = (char)(c is >= 'A' and <= 'Z' ? c | 0x20 : c);
            }
            else if (char.IsLetterOrDigit(c)) letters[count++] = char.ToLowerInvariant(c);
        }
        return count;
    }

    /// <summary>The signature of a text, of which letters and digits count, whatever their case; null of a short one.</summary>
    public static uint[]? Signature(string text)
    {
        var letters = new char[text.Length];
        return Of(letters.AsSpan(0, Letters(text, letters)));
    }

    /// <summary>The signature of letters; null of few.</summary>
    public static uint[]? Of(ReadOnlySpan<char> letters)
    {
        if (letters.Length < ShortestText) return null;
        // Four vectors of eight hash functions, which stay in registers.
        Vector256<uint> f0 = At(_factors, 0), f1 = At(_factors, 8), f2 = At(_factors, 16), f3 = At(_factors, 24);
        Vector256<uint> t0 = At(_terms, 0), t1 = At(_terms, 8), t2 = At(_terms, 16), t3 = At(_terms, 24);
        Vector256<uint> least0 = Vector256<uint>.AllBitsSet, least1 = least0, least2 = least0, least3 = least0;
        var window = 0u;
        for (var i = 0; i < letters.Length; i++)
        {
            if (i >= ShingleLength) window -= letters[i - ShingleLength] * Leaving;
            window = (window * Base) + letters[i];
            if (i < ShingleLength - 1) continue;
            // Mixed, since the window and the functions below are linear.
            var hash = window ^ (window >> 15);
            hash *= 0x2C1B3C6Du;
            hash ^= hash >> 12;
            var hashes = Vector256.Create(hash);
            least0 = Least(least0, hashes, f0, t0);
            least1 = Least(least1, hashes, f1, t1);
            least2 = Least(least2, hashes, f2, t2);
            least3 = Least(least3, hashes, f3, t3);
        }
        var signature = new uint[Permutations];
        least0.CopyTo(signature, 0);
        least1.CopyTo(signature, 8);
        least2.CopyTo(signature, 16);
        least3.CopyTo(signature, 24);
        return signature;
    }

    private static Vector256<uint> At(uint[] numbers, int at) => Vector256.Create(numbers.AsSpan(at, 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Least(Vector256<uint> least, Vector256<uint> hashes, Vector256<uint> factors, Vector256<uint> terms)
    {
        var value = (hashes * factors) + terms;
        return Vector256.Min(least, value ^ (value >> 16));
    }

    /// <summary>The share of values in which two signatures agree.</summary>
    public static double Similarity(uint[] one, uint[] other)
    {
        var equal = 0;
        for (var i = 0; i < Permutations; i++)
            if (one[i] == other[i]) equal++;
        return (double)equal / Permutations;
    }

    private static uint[] Numbers(ulong state, uint odd) => [.. Enumerable.Range(0, Permutations).Select(_ => (uint)SplitMix64.Next(ref state) | odd)];
}
