using AlpacaCot.Inference.Scheduling;

namespace AlpacaCot.Inference.Sampling;

/// <summary>Finds the candidates of a beam search's step in the scores of all its beams.</summary>
internal static class BeamCandidates
{
    /// <summary>The best continuations of all beams together, the best first; of equal scores the earlier beam's, then the smaller id.</summary>
    /// <param name="scores">Per beam its processed log-probabilities <c>[vocabulary]</c>; −∞ is a removed token.</param>
    /// <param name="beams">The score of each beam.</param>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<BeamCandidate> Best(IReadOnlyList<float[]> scores, IReadOnlyList<float> beams, int count)
        => Largest(scores, beams, count, score => score);

    /// <summary>A draw without replacement from softmax over the continuations of all beams together, in the order drawn.</summary>
    public static IReadOnlyList<BeamCandidate> Draw(IReadOnlyList<float[]> scores, IReadOnlyList<float> beams, int count, Sampler sampler)
    {
        var max = scores.Select((row, beam) => beams[beam] + row.Max()).Max();
        // p / e with e from the exponential distribution: the largest of these are such a draw (Efraimidis and Spirakis, 2006).
        return Largest(scores, beams, count, score => Math.Exp(score - max) / sampler.Exponential());
    }

    private static List<BeamCandidate> Largest(IReadOnlyList<float[]> scores, IReadOnlyList<float> beams, int count, Func<float, double> keyOf)
    {
        var found = new List<(double Key, BeamCandidate Candidate)>(count + 1);
        for (var beam = 0; beam < scores.Count; beam++)
            for (var token = 0; token < scores[beam].Length; token++)
            {
                if (float.IsNegativeInfinity(scores[beam][token])) continue;
                var score = scores[beam][token] + beams[beam];
                var key = keyOf(score);
                if (found.Count == count && key <= found[^1].Key) continue;
                var at = found.Count;
                while (at > 0 && key > found[at - 1].Key) at--;
                found.Insert(at, (key, new BeamCandidate(beam, token, score)));
                if (found.Count > count) found.RemoveAt(count);
            }
        return [.. found.Select(item => item.Candidate)];
    }
}
