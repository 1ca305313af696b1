using System.Buffers;
using AlpacaCot.Specs.Randomness;

namespace AlpacaCot.Inference.Sampling;

/// <summary>Draws one answer's tokens. Its random numbers are its own: batch mates cannot change them.</summary>
internal sealed class Sampler
{
    private ulong _state;

    /// <summary>Creates the generator of an answer; the first of several answers to one request draws what it would draw alone.</summary>
    public Sampler(long seed, int answer = 0)
    {
        _state = answer == 0 ? (ulong)seed : SplitMix64.Key((ulong)seed, (ulong)answer);
    }

    /// <summary>A draw from softmax(scores).</summary>
    public int Draw(ReadOnlySpan<float> scores)
    {
        var rented = ArrayPool<double>.Shared.Rent(scores.Length);
        var probabilities = rented.AsSpan(0, scores.Length);
        Softmax(scores, probabilities);
        var u = SplitMix64.ToUnit(SplitMix64.Next(ref _state));
        var last = 0;
        double mass = 0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] <= 0) continue;
            mass += probabilities[i];
            last = i;
            if (u < mass) break;
        }
        ArrayPool<double>.Shared.Return(rented);
        return last;
    }

    /// <summary>A number from the exponential distribution: of p / such a number for each of several, the largest are a draw without replacement.</summary>
    public double Exponential() => -Math.Log(1 - SplitMix64.ToUnit(SplitMix64.Next(ref _state)));

    /// <summary>The largest element; the first wins a tie. NaN never wins.</summary>
    public static int ArgMax(ReadOnlySpan<float> row)
    {
        var best = 0;
        for (var i = 1; i < row.Length; i++)
            if (row[i] > row[best] || float.IsNaN(row[best])) best = i;
        return best;
    }

    private static void Softmax(ReadOnlySpan<float> scores, Span<double> result)
    {
        var max = double.NegativeInfinity;
        foreach (var s in scores) max = Math.Max(max, s);
        double sum = 0;
        for (var i = 0; i < scores.Length; i++) sum += result[i] = Math.Exp(scores[i] - max);
        for (var i = 0; i < scores.Length; i++) result[i] /= sum;
    }
}
