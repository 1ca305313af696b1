using System.Numerics;
using System.Runtime.InteropServices;
using AlpacaCot.Kernels;

namespace AlpacaCot.Adapters;

/// <summary>Rows of one sequence that dropout is applied to.</summary>
/// <param name="Count">How many.</param>
/// <param name="Position">Position of the first one in its sequence.</param>
/// <param name="Key">The sequence's random key.</param>
public readonly record struct DropoutRows(int Count, int Position, ulong Key);

/// <summary>
/// Dropout whose masks are a function of a key per sequence, the module, the position and the channel: they depend neither on which other
/// sequences share the batch nor on which rows of a sequence are computed, and a resumed run draws the same ones without any state.
/// </summary>
/// <param name="segments">The sequences in the order of the rows.</param>
public sealed class RowDropout(IReadOnlyList<DropoutRows> segments)
{
    /// <summary>Zeroes a share p of the elements of <c>[rows, width]</c> and scales the rest by 1 / (1 − p).</summary>
    /// <param name="x">The rows.</param>
    /// <param name="p">The share, in [0, 1).</param>
    /// <param name="module">Number of the module that asks: each has masks of its own.</param>
    public Tensor Apply(Tensor x, double p, int module)
    {
        if (p == 0) return x;
        var (rows, width) = ((int)x.size(0), (int)x.size(1));
        var mask = torch.empty([rows, width], torch.float32);
        var elements = mask.Span<float>();
        foreach (var (count, position, key) in segments)
        {
            Fill(elements[..(count * width)], (float)p, Mix((uint)key ^ Mix((uint)(key >> 32) + (uint)module * 0x9E3779B9u)) + (uint)(position * width));
            elements = elements[(count * width)..];
        }
        return x * mask.to(x.dtype, x.device);
    }

    private static void Fill(Span<float> mask, float p, uint key)
    {
        var keep = new Vector<float>(1 / (1 - p));
        var limit = (uint)(p * 4294967296.0);
        var lanes = Vector<uint>.Count;
        var counter = Vector.CreateSequence(key, 1u);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(mask);
        for (var i = 0; i < vectors.Length; i++)
        {
            var kept = Vector.GreaterThanOrEqual(Mix(counter), new Vector<uint>(limit));
            vectors[i] = Vector.BitwiseAnd(keep, Vector.AsVectorSingle(kept));
            counter += new Vector<uint>((uint)lanes);
        }
        for (var i = vectors.Length * lanes; i < mask.Length; i++) mask[i] = Mix(key + (uint)i) >= limit ? keep[0] : 0;
    }

    // A 32-bit finaliser of the murmur kind (C. Wellons' lowbias32).
    private static uint Mix(uint x)
    {
        x = (x ^ (x >> 16)) * 0x7FEB352D;
        x = (x ^ (x >> 15)) * 0x846CA68B;
        return x ^ (x >> 16);
    }

    private static Vector<uint> Mix(Vector<uint> x)
    {
        x = (x ^ (x >> 16)) * new Vector<uint>(0x7FEB352D);
        x = (x ^ (x >> 15)) * new Vector<uint>(0x846CA68B);
        return x ^ (x >> 16);
    }
}
