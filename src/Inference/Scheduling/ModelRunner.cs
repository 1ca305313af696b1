using AlpacaCot.Inference.Sampling;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scheduling;

/// <summary>
/// Runs the decoder over packed batches of requests' rows. A batch is sorted by member, so that each adapter acts on one run of rows.
/// </summary>
internal sealed class ModelRunner(Decoder decoder, IAdapterHooks? hooks) : IDisposable
{
    /// <summary>Keys and values of all rows.</summary>
    public KvCache Cache { get; } = new(decoder);

    /// <summary>
    /// Reads the prompts of requests that begin, or one more token of every row of those that run.
    /// </summary>
    /// <returns>The model's output, and for each request in the order given the row of it that belongs to the first of its rows.</returns>
    public (StepLogits Logits, int[] First) Run(IReadOnlyList<ActiveRequest> requests)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var ids = new List<long>();
        var segments = new List<Segment>();
        var rows = new List<Segment>();
        var first = new int[requests.Count];
        foreach (var i in Enumerable.Range(0, requests.Count).OrderBy(i => requests[i].Facts.Request.Member))
        {
            var request = requests[i];
            first[i] = rows.Count;
            foreach (var (row, number) in request.Rows.Select((row, number) => (row, number)))
            {
                var (start, position) = (ids.Count, row.Position);
                if (row.Next < 0) ids.AddRange(request.Facts.Prompt.Select(id => (long)id));
                else if (decoder.Config.Rotary.BeginsAnewAt((hooks?.Prefix(request.Facts.Request.Member).Count ?? 0) + position + 1))
                {
                    Cache.Truncate(row.CacheSequence, 0);
                    position = 0;
                    ids.AddRange(request.TokensOf(number).Select(id => (long)id));
                }
                else ids.Add(row.Next);
                segments.Add(new Segment(start, ids.Count - start, request.Facts.Request.Member, position, row.CacheSequence));
                rows.Add(new Segment(rows.Count, 1, request.Facts.Request.Member));
            }
        }
        var hidden = decoder.Hidden(torch.tensor(ids.ToArray()).to(decoder.Device), new SegmentLayout(segments), hooks, Cache);
        if (hidden.size(0) != rows.Count)
            hidden = hidden.index_select(0, torch.tensor(segments.Select(s => (long)s.End - 1).ToArray()).to(decoder.Device));
        var logits = decoder.Logits(hidden, new SegmentLayout(rows), hooks);
        return (new StepLogits(decoder, logits, requests.Any(request => request.NeedsLogits)), first);
    }

    public void Dispose() => Cache.Dispose();
}
