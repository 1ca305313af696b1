using System.Text.Json.Nodes;
using AlpacaCot.Inference;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation;

/// <summary>
/// Questions with one answer each, scored by the answer's log-likelihood (GPT-3's arithmetic, Brown et al., 2020): right where greedy decoding would have
/// written the answer; perplexity per answer with a bootstrap error.
/// </summary>
internal sealed class LogLikelihoodSuite : ISuite
{
    public const string Kind = "log-likelihood";

    private readonly SuiteOptions _options;
    private readonly string _delimiter;
    private readonly int _iterations;
    private readonly int _original;
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;

    public LogLikelihoodSuite(SuiteOptions options)
    {
        _options = options;
        var file = _options.File("file") ?? throw _options.Wrong("file", "names no file");
        string question = _options.Text("question", "context"), answer = _options.Text("answer", "completion");
        _delimiter = _options.Text("target_delimiter", "");
        _iterations = _options.Integer("bootstrap_iters", Bootstrap.DefaultIterations);
        if (_iterations < 1) throw _options.Wrong("bootstrap_iters", "must be 1 or more");
        var sampled = _options.OneOf("order", "sampled", "first") == "sampled";
        _options.Done();
        var all = Rows.Read(file).Select((row, i) => new SuiteItem(i, row, Rows.Field(row, question, file), Rows.Field(row, answer, file), [])).ToList();
        _original = all.Count;
        Items = [.. FewShot.Limit(all, _options.Limit, _options.Seed, sampled).Select((item, i) => item with { Id = i })];
        _examples = [.. FewShot.Draw(all, Items.Count, _options.FewShot, _options.Seed, firstN: false, (q, example) => ReferenceEquals(Items[q].Doc, example.Doc))
            .Select(examples => (IReadOnlyList<(string, string)>)[.. examples.Select(e => (e.Instruction, e.Target))])];
    }

    public string Name => _options.Name;

    public string Version => "1";

    public JsonObject Configuration => _options.Used;

    public IReadOnlyList<SuiteItem> Items { get; }

    public SuiteResult Run(SuiteContext context)
    {
        var renderer = new PromptRenderer(context, _delimiter);
        var prompts = Items.Select((item, i) => renderer.Prompt(item.Instruction, _examples[i])).ToList();
        var requests = Items.Select((item, i) => renderer.Pair(prompts[i], item.Target)).Select(p => new ScoreRequest(p.Context, p.Continuation, context.Member)).ToList();
        var scores = context.Engine.LogLikelihoods(requests, done => context.Progress?.Invoke(new SuiteProgress(Name, done, requests.Count)), context.Cancellation);
        double[] sums = [.. scores.Select(s => s.Sum)];
        static double Perplexity(double[] values) => Math.Exp(-values.Average());
        var error = sums.Length > 1 ? HarnessErrors.Bootstrap(sums, Perplexity, _iterations) : (double?)null;
        var samples = Items.Select((item, i) => new EvaluationSample(item.Id, item.Doc, item.Target,
            [new SampleArguments(prompts[i], renderer.Continuation(item.Target))], [Response(scores[i])], [Response(scores[i])], "none",
            [new("perplexity", scores[i].Sum), new("acc", scores[i].IsGreedy ? 1 : 0)])).ToList();
        return new SuiteResult(Name, Version, _options.FewShot, _original, Items.Count,
            [Aggregates.Mean("acc", [.. scores.Select(s => s.IsGreedy ? 1.0 : 0.0)]), new("perplexity", Perplexity(sums), error, HigherIsBetter: false)],
            [], samples, Configuration);
    }

    private static JsonArray Response(Score score) => new(score.Sum, score.IsGreedy);
}
