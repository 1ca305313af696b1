using AlpacaCot.Inference.Sampling;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>The answers of a beam search, greedy or drawn; all beams are rows of one batch.</summary>
internal sealed class BeamAnswers : ActiveRequest
{
    private readonly BeamSearch _search;
    private readonly Sampler? _sampler;
    private readonly int _candidates;

    public BeamAnswers(AdmittedRequest facts) : base(facts)
    {
        var decoding = facts.Decoding;
        _search = new BeamSearch(decoding.NumBeams, decoding.LengthPenalty, decoding.EarlyStopping, facts.Limit);
        _sampler = decoding.Strategy == DecodingStrategy.Sample ? new Sampler(decoding.Seed) : null;
        // Enough that as many beams run on as there are, should every one of them have all ends among its best.
        _candidates = Math.Max(2, facts.EndIds.Count + 1) * decoding.NumBeams;
    }

    /// <inheritdoc/>
    public override int Width => Facts.Decoding.NumBeams;

    /// <inheritdoc/>
    public override bool NeedsLogits => true;

    /// <inheritdoc/>
    public override bool Take(StepLogits logits, int first, KvCache cache)
    {
        var beams = _search.Running;
        var scores = beams.Select((beam, i) => Scores(logits, first + i, beam)).ToList();
        float[] totals = [.. beams.Select(beam => beam.Score)];
        var candidates = _sampler is null ? BeamCandidates.Best(scores, totals, _candidates) : BeamCandidates.Draw(scores, totals, _candidates, _sampler);
        if (candidates.Count == 0) throw NothingLeft(beams[0].Ids.Length);
        var steps = _search.Step(candidates, (beam, candidate) => Extend(beam, candidate, scores[candidate.Parent]));
        if (_search.Done)
        {
            Finish(_search.Finished);
            return true;
        }
        Reorder(steps, cache);
        return false;
    }

    /// <inheritdoc/>
    public override int[] TokensOf(int row) => [.. Facts.Prompt, .. _search.Running[row].Ids];

    /// <inheritdoc/>
    public override void Cancel() => Finish(_search.Interrupted(FinishReasons.Cancelled));

    /// <summary>Log-probabilities of a beam's next token, processed; what the processors leave is not normalised again.</summary>
    private float[] Scores(StepLogits logits, int row, Beam beam)
    {
        logits.RequireFinite(row, Facts.Request, beam.Ids.Length);
        var scores = logits.Scores(row).ToArray();
        LogitsProcessors.Normalize(scores);
        Pipeline.Process(scores, [.. Facts.Prompt, .. beam.Ids]);
        return scores;
    }

    private Beam Extend(Beam beam, BeamCandidate candidate, float[] scores)
    {
        int[] ids = [.. beam.Ids, candidate.Token];
        // A beam's score is the sum of what the processors left, so that is what is told of its tokens.
        IReadOnlyList<TokenLogprob> logprobs = Facts.Decoding.Logprobs is { } most ? [.. beam.Logprobs, TokenLogprob.OfNormalized(scores, candidate.Token, most)] : [];
        return new Beam(ids, candidate.Score, logprobs, Facts.ReasonToEnd(ids));
    }

    /// <summary>Gives each beam that runs on the keys and values of the one that it continues: the first child takes them over, the others get a copy.</summary>
    private void Reorder(IReadOnlyList<BeamStep> steps, KvCache cache)
    {
        var old = Rows.ToArray();
        var taken = new bool[old.Length];
        Rows.Clear();
        foreach (var step in steps)
        {
            var sequence = taken[step.Parent] ? cache.Copy(old[step.Parent].CacheSequence) : old[step.Parent].CacheSequence;
            taken[step.Parent] = true;
            Rows.Add(new DecodeRow(sequence, step.Beam.Ids[^1], Facts.Prompt.Length + step.Beam.Ids.Length - 1));
        }
        for (var i = 0; i < old.Length; i++)
            if (!taken[i]) cache.Free(old[i].CacheSequence);
    }

    private void Finish(IEnumerable<Beam> beams)
    {
        List<Answer> answers = [.. beams.Take(Facts.Decoding.NumReturnSequences)
            .Select(beam => Facts.AnswerOf(beam.Ids, beam.Reason!, beam.Score, Facts.Decoding.Logprobs is null ? null : beam.Logprobs))];
        // Cancelled before the first token.
        if (answers.Count == 0) answers.Add(Facts.AnswerOf([], FinishReasons.Cancelled, null, null));
        foreach (var (answer, i) in answers.Select((answer, i) => (answer, i)))
            Facts.OnChunk?.Invoke(new TokenChunk(0, [.. answer.Ids], answer.Text, answer.FinishReason, new TokenUsage(Facts.Prompt.Length, answer.Ids.Count), i, answer.Logprobs, answer.Score));
        Facts.OnFinished(new Generation(Facts.Request.Id, answers, Facts.Prompt.Length));
    }
}
