using System.Numerics;
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

    /// <summary>The signature of a text, of which letters and digits count, whatever their case; null of a short one.</summary>
    public static uint[]? Signature(string text)
    {
        var letters = new char[text.Length];
        var count = 0;
        foreach (var c in text)
            if (char.IsLetterOrDigit(c)) letters[count++] = char.ToLowerInvariant(c);
        if (count < ShortestText) return null;
        var signature = new uint[Permutations];
        Array.Fill(signature, uint.MaxValue);
        for (var i = 0; i + ShingleLength <= count; i++)
        {
            // FNV-1a over the shingle, then mixed, since the functions below are linear.
            var hash = 2166136261u;
            for (var k = 0; k < ShingleLength; k++) hash = (hash ^ letters[i + k]) * 16777619u;
            hash ^= hash >> 15;
            hash *= 0x2C1B3C6Du;
            hash ^= hash >> 12;
            var hashes = new Vector<uint>(hash);
            for (var f = 0; f < Permutations; f += Vector<uint>.Count)
            {
                var value = hashes * new Vector<uint>(_factors, f) + new Vector<uint>(_terms, f);
                Vector.Min(value ^ (value >> 16), new Vector<uint>(signature, f)).CopyTo(signature, f);
            }
        }
        return signature;
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
