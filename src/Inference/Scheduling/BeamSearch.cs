namespace AlpacaCot.Inference.Scheduling;

/// <summary>A beam: an answer that is being written, or has ended.</summary>
/// <param name="Ids">The new ids.</param>
/// <param name="Score">The sum of their log-probabilities; of an ended one divided by length^penalty.</param>
/// <param name="Logprobs">The log-probability of each id, what else was likely with it where that is wanted.</param>
/// <param name="Reason">Why it has ended; null while it runs.</param>
internal sealed record Beam(int[] Ids, float Score, IReadOnlyList<TokenLogprob> Logprobs, string? Reason = null);

/// <summary>One step of a beam: where it came from and the token that it goes on with.</summary>
/// <param name="Parent">Index of the running beam that it continues.</param>
/// <param name="Beam">The beam with its new token.</param>
internal readonly record struct BeamStep(int Parent, Beam Beam);

/// <summary>A possible next token of a running beam.</summary>
/// <param name="Parent">Index of the beam.</param>
/// <param name="Token">The token.</param>
/// <param name="Score">The beam's score with it.</param>
internal readonly record struct BeamCandidate(int Parent, int Token, float Score);

/// <summary>
/// Beam search as transformers does it: of the candidates of a step the best (or drawn) ones are looked at; those that end and are among the first <paramref name="width"/> may
/// become answers, the best others run on.
/// </summary>
/// <param name="width">Beams kept.</param>
/// <param name="lengthPenalty">Exponent of the length that a finished beam's score is divided by.</param>
/// <param name="early">When to stop.</param>
/// <param name="limit">New tokens at most.</param>
internal sealed class BeamSearch(int width, double lengthPenalty, EarlyStopping early, int limit)
{
    private List<Beam> _finished = [];
    private int _tokens;

    /// <summary>The beams that run, the best first; at the beginning one without a token.</summary>
    public IReadOnlyList<Beam> Running { get; private set; } = [new([], 0, [])];

    /// <summary>The answers found so far, the best first.</summary>
    public IReadOnlyList<Beam> Finished => _finished;

    /// <summary>Whether the search is over.</summary>
    public bool Done { get; private set; }

    /// <summary>Takes the candidates of a step, in the order of their rank (or draw).</summary>
    /// <param name="candidates">What may come next, the best first.</param>
    /// <param name="extend">Makes the beam of a candidate, with the reason where it ends by it.</param>
    /// <returns>The beams that run on, the best first, and what they continue.</returns>
    public IReadOnlyList<BeamStep> Step(IReadOnlyList<BeamCandidate> candidates, Func<Beam, BeamCandidate, Beam> extend)
    {
        _tokens++;
        List<BeamStep> steps = [.. candidates.Select(candidate => new BeamStep(candidate.Parent, extend(Running[candidate.Parent], candidate)))];
        var ended = steps.Take(width).Where(step => step.Beam.Reason is not null).Select(step => step.Beam with { Score = Penalised(step.Beam.Score, _tokens) });
        // A stable order: of equal scores the older answer wins.
        _finished = [.. _finished.Concat(ended).OrderByDescending(beam => beam.Score).Take(width)];
        List<BeamStep> running = [.. steps.Where(step => step.Beam.Reason is null).OrderByDescending(step => step.Beam.Score).Take(width)];
        Running = [.. running.Select(step => step.Beam)];
        Done = running.Count == 0 || (_finished.Count == width && (early == EarlyStopping.WhenFull || !CanImprove()));
        return running;
    }

    /// <summary>The running beams as answers that were ended from outside, behind the finished ones.</summary>
    public IEnumerable<Beam> Interrupted(string reason)
        => _finished.Concat(Running.Where(beam => beam.Ids.Length > 0).Select(beam => beam with { Score = Penalised(beam.Score, _tokens), Reason = reason }));

    private bool CanImprove()
    {
        var length = early == EarlyStopping.Never && lengthPenalty > 0 ? limit : _tokens;
        return Penalised(Running[0].Score, length) > _finished[^1].Score;
    }

    private float Penalised(float score, int tokens) => score / (float)Math.Pow(tokens, lengthPenalty);
}
