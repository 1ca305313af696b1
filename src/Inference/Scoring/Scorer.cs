using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scoring;

/// <summary>
/// Log-likelihoods of continuations, packed: many requests in one forward pass without padding. What is fed of one request may be the beginning of
/// what is fed of another (all the letters of one question); such requests share one segment, so a question's context is computed once.
/// </summary>
internal sealed class Scorer(Decoder decoder, IAdapterHooks? hooks, EngineOptions options, int window)
{
    /// <summary>Elements of logits held at once: bounds memory for large vocabularies.</summary>
    private const long LogitElements = 16 << 20;

    /// <summary>Scores requests; results in the order given.</summary>
    public Score[] Score(IReadOnlyList<ScoreRequest> requests, Action<int>? progress, CancellationToken cancellation)
    {
        var results = new Score[requests.Count];
        var rows = Share(requests.Select((request, index) => new Fed(index, request, window - (hooks?.Prefix(request.Member).Count ?? 0))));
        var done = 0;
        for (var at = 0; at < rows.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            options.Stepping?.Invoke();
            var pack = new List<List<Fed>>();
            for (var tokens = 0; at < rows.Count && (pack.Count == 0 || tokens + rows[at][0].Ids.Length <= options.MaxPrefillTokens); at++)
            {
                tokens += rows[at][0].Ids.Length;
                pack.Add(rows[at]);
            }
            done += Run(pack, results);
            progress?.Invoke(done);
        }
        return results;
    }

    /// <summary>Groups requests whose fed ids begin alike, where a beginning is computed the same whatever follows it: each group's first is its longest. Sorted by member, so that adapters act on runs.</summary>
    private List<List<Fed>> Share(IEnumerable<Fed> fed)
    {
        var groups = new List<List<Fed>>();
        foreach (var next in fed.OrderBy(f => f.Request.Member).ThenByDescending(f => f.Ids, Lexicographic))
        {
            // In descending order a sequence comes after all that it is the beginning of.
            if (groups.Count > 0 && groups[^1][0] is var longest && longest.Request.Member == next.Request.Member
                && longest.Ids.AsSpan().StartsWith(next.Ids) && (longest.Ids.Length == next.Ids.Length || decoder.Config.BeginningsAreShared(longest.Ids.Length))) groups[^1].Add(next);
            else groups.Add([next]);
        }
        return groups;
    }

    private static readonly Comparer<int[]> Lexicographic = Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    private int Run(List<List<Fed>> pack, Score[] results)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var ids = new List<long>();
        var segments = new List<Segment>();
        var wanted = new List<(Fed Fed, long Row, int Token)>();
        foreach (var group in pack)
        {
            var start = ids.Count;
            foreach (var id in group[0].Ids) ids.Add(id);
            segments.Add(new Segment(start, ids.Count - start, group[0].Request.Member));
            foreach (var fed in group)
                for (var i = 0; i < fed.Request.Continuation.Length; i++)
                    wanted.Add((fed, start + fed.Ids.Length - fed.Request.Continuation.Length + i, i));
        }
        var hidden = decoder.Hidden(torch.tensor(ids.ToArray()).to(decoder.Device), new SegmentLayout(segments), hooks);
        var values = pack.SelectMany(g => g).ToDictionary(f => f, f => new double[f.Request.Continuation.Length]);
        var greedy = values.Keys.ToDictionary(f => f, _ => true);
        var chunk = (int)Math.Clamp(LogitElements / decoder.Config.VocabularySize, 1, int.MaxValue);
        foreach (var part in wanted.Chunk(chunk)) Read(part, hidden, values, greedy);
        foreach (var (fed, tokens) in values) results[fed.Index] = new Score(Sum(tokens), greedy[fed], tokens, fed.Cut);
        return values.Count;
    }

    /// <summary>Reads log p of the wanted tokens off the hidden rows. Rows that several requests ask for are computed once.</summary>
    private void Read((Fed Fed, long Row, int Token)[] wanted, Tensor hidden, Dictionary<Fed, double[]> values, Dictionary<Fed, bool> greedy)
    {
        using var scope = torch.NewDisposeScope();
        var rows = wanted.Select(w => w.Row).Distinct().Order().ToArray();
        var index = rows.Select((row, i) => (row, i)).ToDictionary(x => x.row, x => (long)x.i);
        var members = wanted.GroupBy(w => w.Row).ToDictionary(g => g.Key, g => g.First().Fed.Request.Member);
        var layout = new SegmentLayout([.. rows.Select((row, i) => new Segment(i, 1, members[row]))]);
        var logits = decoder.Logits(hidden.index_select(0, torch.tensor(rows).to(decoder.Device)), layout, hooks).to(ScalarType.Float32);
        var best = logits.argmax(-1).ToArray<long>();
        var logProbabilities = torch.nn.functional.log_softmax(logits, -1);
        var vocabulary = logits.size(1);
        var flat = wanted.Select(w => index[w.Row] * vocabulary + w.Fed.Request.Continuation[w.Token]).ToArray();
        var picked = logProbabilities.reshape(-1).index_select(0, torch.tensor(flat).to(decoder.Device)).ToArray<float>();
        for (var i = 0; i < wanted.Length; i++)
        {
            var (fed, row, token) = wanted[i];
            // A NaN would be compared as no option or as every option: a score is a number or an error.
            if (!float.IsFinite(picked[i]))
                throw new NonFiniteLogitsException(fed.Index, $"the log-likelihood of token {token + 1} of a continuation is {picked[i]}: {NonFiniteLogits.Explain(decoder)}");
            values[fed][token] = picked[i];
            greedy[fed] &= best[index[row]] == fed.Request.Continuation[token];
        }
    }

    private static double Sum(double[] tokens)
    {
        double sum = 0;
        foreach (var t in tokens) sum += t;
        return sum;
    }

    /// <summary>What is fed of a request: the last (window + 1) ids of context and continuation, without the last one.</summary>
    private sealed record Fed
    {
        public Fed(int index, ScoreRequest request, int window)
        {
            (Index, Request) = (index, request);
            var all = request.Context.Concat(request.Continuation).ToArray();
            Cut = Math.Max(0, all.Length - window - 1);
            Ids = all[Cut..^1];
        }

        public int Index { get; }

        public ScoreRequest Request { get; }

        public int[] Ids { get; }

        public int Cut { get; }

        public bool Equals(Fed? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => Index;
    }
}
