using AlpacaCot.Inference.Sampling;
using AlpacaCot.Kernels;
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
    /// Reads once what the prompts of requests that begin have in common at their beginning (the examples of all questions, the instructions of all turns), with
    /// each other or with those that run; what is left of them is for <see cref="Run"/>.
    /// </summary>
    public void ReadBeginnings(IReadOnlyList<ActiveRequest> newcomers, IReadOnlyList<ActiveRequest> running)
    {
        foreach (var member in newcomers.Where(request => IsShared(request, request.Facts.Prompt.Length)).GroupBy(request => request.Facts.Request.Member))
        {
            var sources = running.Where(request => request.Facts.Request.Member == member.Key && IsShared(request, request.Rows[0].Position + 1)).ToList();
            var alone = new List<ActiveRequest>();
            foreach (var request in member)
                if (sources.MaxBy(source => InCommon(source, request)) is { } source && InCommon(source, request) is var tokens and >= SharedBeginnings.Least)
                    Take(source, tokens, request);
                else alone.Add(request);
            var groups = SharedBeginnings.Find([.. alone.Select(request => request.Facts.Prompt)], [.. alone.Select(request => request.Facts.Prompt.Length - 1)])
                .Where(group => group.Shared > 0).Select(group => (Requests: Array.ConvertAll(group.Rows, row => alone[row]), group.Shared)).ToList();
            if (groups.Count == 0) continue;
            Read(groups);
            foreach (var (requests, shared) in groups)
                foreach (var request in requests.Skip(1)) Take(requests[0], shared, request);
        }
    }

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
                if (row.Next < 0) ids.AddRange(request.Facts.Prompt.Skip(position).Select(id => (long)id));
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
        var layout = new SegmentLayout(segments);
        // Of a prompt only the last token's is asked for.
        int[]? ends = layout.Tokens == rows.Count ? null : [.. segments.Select(segment => segment.End - 1)];
        var hidden = decoder.Hidden(torch.tensor(ids.ToArray()).On(decoder.Device), layout, hooks, Cache, ends);
        var logits = decoder.Logits(hidden, new SegmentLayout(rows), hooks);
        return (new StepLogits(decoder, logits, requests.Any(request => request.NeedsLogits)), first);
    }

    public void Dispose() => Cache.Dispose();

    // Whether what a request begins with is computed the same in every other.
    private bool IsShared(ActiveRequest request, int length) => decoder.Config.BeginningsAreShared((hooks?.Prefix(request.Facts.Request.Member).Count ?? 0) + length);

    // The last token of a prompt is always read: what is to follow it is asked for.
    private static int InCommon(ActiveRequest source, ActiveRequest request)
        => Math.Min(request.Facts.Prompt.AsSpan().CommonPrefixLength(source.Facts.Prompt), request.Facts.Prompt.Length - 1);

    // The beginnings of groups, into the sequences of their first requests.
    private void Read(List<(ActiveRequest[] Requests, int Shared)> groups)
    {
        using var scope = torch.NewDisposeScope();
        var ids = new List<long>();
        var segments = new List<Segment>();
        foreach (var (requests, shared) in groups)
        {
            var first = requests[0];
            segments.Add(new Segment(ids.Count, shared, first.Facts.Request.Member, 0, first.Rows[0].CacheSequence));
            ids.AddRange(first.Facts.Prompt.Take(shared).Select(id => (long)id));
            first.Rows[0] = first.Rows[0] with { Position = shared };
        }
        // Keys and values are all that is wanted.
        decoder.Hidden(torch.tensor(ids.ToArray()).On(decoder.Device), new SegmentLayout(segments), hooks, Cache, [ids.Count - 1]);
    }

    private void Take(ActiveRequest source, int tokens, ActiveRequest request)
    {
        var row = request.Rows[0];
        Cache.Copy(source.Rows[0].CacheSequence, tokens, row.CacheSequence);
        request.Rows[0] = row with { Position = tokens };
    }
}
