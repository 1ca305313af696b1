using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Inference.Scoring;

/// <summary>
/// Log-likelihoods of continuations, packed: many requests in one forward pass without padding. What requests begin with in common (the letters of one
/// question have all of it, the questions behind the same examples most of it) is computed once.
/// </summary>
internal sealed class Scorer(Decoder decoder, IAdapterHooks? hooks, EngineOptions options, int window)
{
    /// <summary>Elements of logits held at once: bounds memory for large vocabularies.</summary>
    private const long LogitElements = 16 << 20;

    /// <summary>Scores requests; results in the order given.</summary>
    public Score[] Score(IReadOnlyList<ScoreRequest> requests, Action<int>? progress, CancellationToken cancellation)
    {
        var results = new Score[requests.Count];
        var fed = requests.Select(Feed).OrderBy(f => f.Sequence).ToList();
        for (int at = 0, end; at < fed.Count; at = end)
        {
            cancellation.ThrowIfCancellationRequested();
            options.Stepping?.Invoke();
            end = at + 1;
            for (var tokens = fed[at].Sequence.Ids.Length; end < fed.Count; end++)
            {
                tokens += fed[end].Sequence.Ids.Length - fed[end].Sequence.InCommon(fed[end - 1].Sequence);
                if (tokens > options.MaxPrefillTokens) break;
            }
            Run(fed[at..end], results);
            progress?.Invoke(end);
        }
        return results;
    }

    private Fed Feed(ScoreRequest request, int index)
    {
        var prefix = hooks?.Prefix(request.Member).Count ?? 0;
        var all = request.Context.Concat(request.Continuation).ToArray();
        var cut = Math.Max(0, all.Length - (window - prefix) - 1);
        return new Fed(index, request, new Sequence(request.Member, all[cut..^1], !options.WholeRows && decoder.Config.BeginningsAreShared(all.Length - cut - 1 + prefix)), cut);
    }

    private void Run(List<Fed> pack, Score[] results)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var tree = new SequenceTree([.. pack.Select(fed => fed.Sequence)]);
        var wanted = new List<Wanted>();
        for (var n = 0; n < pack.Count; n++)
        {
            var (length, first) = (pack[n].Request.Continuation.Length, pack[n].Sequence.Ids.Length - pack[n].Request.Continuation.Length);
            for (var token = 0; token < length; token++) wanted.Add(new Wanted(pack[n], token, tree.Row(n, first + token)));
        }
        // Rows that several requests ask for are computed once.
        var rows = wanted.GroupBy(w => w.Row).OrderBy(row => row.Key).ToList();
        var hidden = decoder.Hidden(torch.tensor(tree.Ids).On(decoder.Device), tree.Layout, hooks, rows: [.. rows.Select(row => row.Key)]);
        var values = pack.ToDictionary(fed => fed.Index, fed => new double[fed.Request.Continuation.Length]);
        var greedy = pack.ToDictionary(fed => fed.Index, _ => true);
        var chunk = (int)Math.Clamp(LogitElements / decoder.Config.VocabularySize, 1, int.MaxValue);
        for (var at = 0; at < rows.Count; at += chunk)
        {
            var part = rows.GetRange(at, Math.Min(chunk, rows.Count - at));
            Read(part, hidden.narrow(0, at, part.Count), values, greedy);
        }
        foreach (var fed in pack) results[fed.Index] = new Score(Sum(values[fed.Index]), greedy[fed.Index], values[fed.Index], fed.Cut);
    }

    /// <summary>Reads log p of the wanted tokens off hidden rows.</summary>
    private void Read(List<IGrouping<int, Wanted>> rows, Tensor hidden, Dictionary<int, double[]> values, Dictionary<int, bool> greedy)
    {
        using var scope = torch.NewDisposeScope();
        var layout = new SegmentLayout([.. rows.Select((row, i) => new Segment(i, 1, row.First().Fed.Request.Member))]);
        var logits = decoder.Logits(hidden, layout, hooks).to(ScalarType.Float32);
        var best = logits.argmax(-1).ToArray<long>();
        var logProbabilities = torch.nn.functional.log_softmax(logits, -1);
        var vocabulary = logits.size(1);
        var flat = rows.SelectMany((row, i) => row.Select(w => i * vocabulary + w.Id)).ToArray();
        var picked = logProbabilities.reshape(-1).index_select(0, torch.tensor(flat).On(decoder.Device)).ToArray<float>();
        var next = 0;
        for (var i = 0; i < rows.Count; i++)
            foreach (var w in rows[i])
            {
                var value = picked[next++];
                // A NaN would be compared as no option or as every option: a score is a number or an error.
                if (!float.IsFinite(value))
                    throw new NonFiniteLogitsException(w.Fed.Index, $"the log-likelihood of token {w.Token + 1} of a continuation is {value}: {NonFiniteLogits.Explain(decoder)}");
                values[w.Fed.Index][w.Token] = value;
                greedy[w.Fed.Index] &= best[i] == w.Id;
            }
    }

    private static double Sum(double[] tokens)
    {
        double sum = 0;
        foreach (var t in tokens) sum += t;
        return sum;
    }

    /// <summary>What is fed of a request: the last (window + 1) ids of context and continuation, without the last one.</summary>
    private sealed record Fed(int Index, ScoreRequest Request, Sequence Sequence, int Cut);

    /// <summary>A token of a continuation, and the row that predicts it.</summary>
    private sealed record Wanted(Fed Fed, int Token, int Row)
    {
        public int Id => Fed.Request.Continuation[Token];
    }
}
