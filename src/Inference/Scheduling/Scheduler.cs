namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// Continuous batching: requests join when there is room and leave when done, at any step (Yu et al., 2022, "Orca").
/// First come, first served. Not thread-safe: one thread drives it.
/// </summary>
internal sealed class Scheduler(ModelRunner runner, EngineOptions options)
{
    private readonly LinkedList<ActiveRequest> _waiting = new();
    private readonly List<ActiveRequest> _running = [];

    public int Waiting => _waiting.Count;

    public bool HasWork => _waiting.Count + _running.Count > 0;

    public void Add(ActiveRequest request) => _waiting.AddLast(request);

    /// <summary>One engine step: drop the cancelled, read the prompts of newcomers, one new token for all that run.</summary>
    public void Step()
    {
        options.Stepping?.Invoke();
        DropCancelled();
        var newcomers = new List<ActiveRequest>();
        try
        {
            Admit(newcomers);
            if (newcomers.Count > 0)
            {
                runner.ReadBeginnings(newcomers, _running);
                Settle(newcomers);
            }
            if (_running.Count > 0) Settle(_running);
        }
        catch (Exception e)
        {
            // The failed pass left the cache in an unknown state: everything that took part ends with the error.
            foreach (var request in newcomers.Concat(_running).Distinct().ToList()) Fail(request, e);
            _running.Clear();
            return;
        }
        _running.AddRange(newcomers);
    }

    /// <summary>Ends everything with an error (shutdown).</summary>
    public void Abort(Exception error)
    {
        foreach (var request in _running) Fail(request, error);
        foreach (var request in _waiting) request.Facts.OnFailed(error);
        _running.Clear();
        _waiting.Clear();
    }

    /// <summary>Takes waiting requests in order while batch, cache and prefill have room; one that is too large for any of them goes alone.</summary>
    private void Admit(List<ActiveRequest> admitted)
    {
        var reserved = _running.Sum(r => r.Reservation);
        var rows = _running.Sum(r => r.Width);
        var prefill = 0;
        while (_waiting.First is { } first)
        {
            var request = first.Value;
            var alone = _running.Count + admitted.Count == 0;
            if (!alone && (rows + request.Width > options.MaxBatch || reserved + request.Reservation > options.MaxCacheTokens)) break;
            if (admitted.Count > 0 && prefill + request.Facts.Prompt.Length > options.MaxPrefillTokens) break;
            _waiting.RemoveFirst();
            reserved += request.Reservation;
            rows += request.Width;
            prefill += request.Facts.Prompt.Length;
            admitted.Add(request);
            request.Open(runner.Cache);
        }
    }

    private void DropCancelled()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Facts.Cancellation.IsCancellationRequested)
            {
                _waiting.Remove(node);
                node.Value.Cancel();
            }
            node = next;
        }
        _running.RemoveAll(request =>
        {
            if (!request.Facts.Cancellation.IsCancellationRequested) return false;
            request.Close(runner.Cache);
            request.Cancel();
            return true;
        });
    }

    /// <summary>One pass for the requests; each takes its tokens, the finished leave, and those for which there is none fail.</summary>
    private void Settle(List<ActiveRequest> requests)
    {
        var (logits, first) = runner.Run(requests);
        var finished = new HashSet<ActiveRequest>();
        for (var i = 0; i < requests.Count; i++)
            try
            {
                if (!requests[i].Take(logits, first[i], runner.Cache)) continue;
                finished.Add(requests[i]);
                requests[i].Close(runner.Cache);
            }
            catch (InferenceException e)
            {
                // Rows do not mix: the others of the batch go on.
                finished.Add(requests[i]);
                Fail(requests[i], e);
            }
        requests.RemoveAll(finished.Contains);
    }

    private void Fail(ActiveRequest request, Exception error)
    {
        request.Close(runner.Cache);
        request.Facts.OnFailed(error);
    }
}
