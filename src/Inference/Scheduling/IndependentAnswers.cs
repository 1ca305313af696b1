using AlpacaCot.Inference.Sampling;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>A greedy answer, or one or several draws, each by itself; they share the reading of the prompt.</summary>
internal sealed class IndependentAnswers : ActiveRequest
{
    private readonly AnswerDraft[] _drafts;
    // The drafts of Rows, in their order.
    private readonly List<AnswerDraft> _running;

    public IndependentAnswers(AdmittedRequest facts) : base(facts)
    {
        _drafts = [.. Enumerable.Range(0, facts.Decoding.NumReturnSequences).Select(n => new AnswerDraft(facts, n))];
        _running = [.. _drafts];
        NeedsLogits = !Pipeline.IsIdentity || facts.Decoding.Logprobs is not null;
    }

    /// <inheritdoc/>
    public override int Width => _drafts.Length;

    /// <inheritdoc/>
    public override bool NeedsLogits { get; }

    /// <inheritdoc/>
    public override bool Take(StepLogits logits, int first, KvCache cache)
    {
        // All begin with the one row that has read the prompt.
        var begins = Rows[0].Next < 0;
        var rows = Rows.ToArray();
        var running = _running.ToArray();
        bool[] ended = [.. running.Select((draft, i) => Extend(draft, logits, first + (begins ? 0 : i)))];
        Rows.Clear();
        _running.Clear();
        foreach (var (draft, i) in running.Select((draft, i) => (draft, i)).Where(pair => !ended[pair.i]))
        {
            var sequence = begins && Rows.Count > 0 ? cache.Copy(rows[0].CacheSequence) : rows[begins ? 0 : i].CacheSequence;
            _running.Add(draft);
            Rows.Add(new DecodeRow(sequence, draft.Ids[^1], Facts.Prompt.Length + draft.Ids.Count - 1));
        }
        foreach (var row in rows)
            if (!Rows.Any(kept => kept.CacheSequence == row.CacheSequence)) cache.Free(row.CacheSequence);
        if (_running.Count > 0) return false;
        Finish();
        return true;
    }

    /// <inheritdoc/>
    public override int[] TokensOf(int row) => _running[row].Context.ToArray();

    /// <inheritdoc/>
    public override void Cancel()
    {
        foreach (var draft in _running) draft.End(FinishReasons.Cancelled);
        Finish();
    }

    private bool Extend(AnswerDraft draft, StepLogits logits, int row)
    {
        logits.RequireFinite(row, Facts.Request, draft.Ids.Count);
        if (!NeedsLogits) return draft.Take(logits.Best(row), null);
        var scores = logits.Scores(row).ToArray();
        Pipeline.Process(scores, draft.Context);
        var id = Facts.Decoding.Strategy == DecodingStrategy.Greedy ? Sampler.ArgMax(scores) : draft.Sampler.Draw(scores);
        if (float.IsNegativeInfinity(scores[id])) throw NothingLeft(draft.Ids.Count);
        return draft.Take(id, Facts.Decoding.Logprobs is { } most ? TokenLogprob.Of(scores, id, most) : null);
    }

    private void Finish() => Facts.OnFinished(new Generation(Facts.Request.Id, [.. _drafts.Select(draft => draft.Answer!)], Facts.Prompt.Length));
}
