
namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// Continuous batching: requests join when there is room and leave when done, at any step (Yu et al., 2022, "Orca").
/// First come, first served. Not thread-safe: one thread drives it.
/// </summary>
internal sealed class Scheduler(ModelRunner runner, EngineOptions options)
{
    private readonly LinkedList<ActiveSequence> _waiting = new();
    private readonly List<ActiveSequence> _running = [];

    public int Waiting => _waiting.Count;

    public bool HasWork => _waiting.Count + _running.Count > 0;

    public void Add(ActiveSequence sequence) => _waiting.AddLast(sequence);

    /// <summary>One engine step: drop the cancelled, read the prompts of newcomers, one new token for all that run.</summary>
    public void Step()
    {
        DropCancelled();
        var newcomers = new List<ActiveSequence>();
        try
        {
            Admit(newcomers);
            if (newcomers.Count > 0) Settle(newcomers, runner.Prefill(newcomers));
            if (_running.Count > 0) Settle(_running, runner.Decode(_running));
        }
        catch (Exception e)
        {
            // The failed pass left the cache in an unknown state: everything that took part ends with the error.
            foreach (var sequence in newcomers.Concat(_running).Distinct()) Leave(sequence, () => sequence.Failed(e));
            _running.Clear();
            return;
        }
        foreach (var sequence in newcomers)
            if (sequence.CacheSequence >= 0) _running.Add(sequence);
    }

    /// <summary>Ends everything with an error (shutdown).</summary>
    public void Abort(Exception error)
    {
        foreach (var sequence in _running) Leave(sequence, () => sequence.Failed(error));
        foreach (var sequence in _waiting) sequence.Failed(error);
        _running.Clear();
        _waiting.Clear();
    }

    /// <summary>Takes waiting sequences in order while batch, cache and prefill have room; a sequence that is too large for any of them goes alone.</summary>
    private void Admit(List<ActiveSequence> admitted)
    {
        var reserved = _running.Sum(s => s.Reservation);
        var prefill = 0;
        while (_waiting.First is { } first && _running.Count + admitted.Count < options.MaxBatch)
        {
            var sequence = first.Value;
            if (_running.Count + admitted.Count > 0 && reserved + sequence.Reservation > options.MaxCacheTokens) break;
            if (admitted.Count > 0 && prefill + sequence.Prompt.Length > options.MaxPrefillTokens) break;
            _waiting.RemoveFirst();
            reserved += sequence.Reservation;
            prefill += sequence.Prompt.Length;
            admitted.Add(sequence);
            sequence.CacheSequence = runner.Open(sequence);
        }
    }

    private void DropCancelled()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Cancellation.IsCancellationRequested)
            {
                _waiting.Remove(node);
                node.Value.Cancel();
            }
            node = next;
        }
        _running.RemoveAll(sequence =>
        {
            if (!sequence.Cancellation.IsCancellationRequested) return false;
            Leave(sequence, sequence.Cancel);
            return true;
        });
    }

    /// <summary>Gives each sequence its token; the finished leave, and those for which there is none fail.</summary>
    private void Settle(List<ActiveSequence> sequences, IReadOnlyList<int> tokens)
    {
        var finished = new HashSet<ActiveSequence>();
        for (var i = 0; i < sequences.Count; i++)
        {
            var sequence = sequences[i];
            if (tokens[i] != ModelRunner.NoToken && !sequence.Take(tokens[i])) continue;
            finished.Add(sequence);
            // Rows do not mix: the others of the batch go on.
            if (tokens[i] == ModelRunner.NoToken)
                sequence.Failed(new NonFiniteLogitsException(0, $"request {sequence.Request.Id}: after {sequence.NewIds.Count} new tokens {runner.WhyNoToken()}"));
        }
        foreach (var sequence in finished) Leave(sequence, null);
        if (ReferenceEquals(sequences, _running)) _running.RemoveAll(finished.Contains);
    }

    private void Leave(ActiveSequence sequence, Action? last)
    {
        if (sequence.CacheSequence >= 0) runner.Close(sequence.CacheSequence);
        sequence.CacheSequence = -1;
        last?.Invoke();
    }
}
