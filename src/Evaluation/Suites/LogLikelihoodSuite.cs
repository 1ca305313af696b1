using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Inference;
using AlpacaCot.Specs.Suites;
using AlpacaCot.Statistics;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Questions with one answer each, scored by the answer's log-likelihood (GPT-3's arithmetic, Brown et al., 2020): right where greedy decoding would have
/// written the answer; perplexity per answer with a bootstrap error.
/// </summary>
internal sealed class LogLikelihoodSuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly string _delimiter;
    private readonly int _iterations;
    private readonly int _original;
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;

    public LogLikelihoodSuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var file = inputs.RequiredFile(ExactMatchOptions.File);
        string question = inputs.Of(LogLikelihoodOptions.Question), answer = inputs.Of(LogLikelihoodOptions.Answer);
        _delimiter = inputs.Of(LogLikelihoodOptions.TargetDelimiter);
        _iterations = inputs.Of(LogLikelihoodOptions.BootstrapIterations);
        var all = Rows.Read(file, row => new SuiteItem(0, row.Row, row.TextOrEmpty(question), row.Text(answer), []));
        _original = all.Count;
        Items = [.. FewShot.Limit(all, Configuration.Limit, Configuration.Seed, inputs.Sampled).Select((item, i) => item with { Id = i })];
        _examples = [.. FewShot.Draw(all, Items.Count, Configuration.FewShot, Configuration.Seed, firstN: false, ownRows: true,
                (q, example) => FewShot.SameText(Items[q].Instruction, example.Instruction))
            .Select(examples => (IReadOnlyList<(string, string)>)[.. examples.Select(e => (e.Instruction, e.Target))])];
    }

    public string Name => Configuration.Name;

    public string Version => "2";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens) => ScoredPrompts.Fit([.. Requests(new PromptRenderer(prompts, _delimiter), -1)], maxLength);

    public SuiteResult Run(SuiteContext context)
    {
        var renderer = new PromptRenderer(context.Prompts, _delimiter);
        var prompts = Items.Select((_, i) => Prompt(renderer, i)).ToList();
        var requests = Requests(renderer, context.Member).ToList();
        var scores = ScoredPrompts.Ask(Name, request => Items[request],
            () => context.Engine.LogLikelihoods(requests, done => context.Progress?.Invoke(new SuiteProgress(Name, done, requests.Count)), context.Cancellation));
        double[] sums = [.. scores.Select(s => s.Sum)];
        static double Perplexity(double[] values) => Math.Exp(-values.Average());
        var error = sums.Length > 1 ? HarnessErrors.Bootstrap(sums, Perplexity, _iterations) : (double?)null;
        var samples = Items.Select((item, i) => new EvaluationSample(item.Id, item.Doc, item.Target,
            [new SampleArguments(prompts[i].Text, renderer.Continuation(item.Target))], [Response(scores[i])], [Response(scores[i])], "none",
            [new("perplexity", scores[i].Sum), new("acc", scores[i].IsGreedy ? 1 : 0)])).ToList();
        return new SuiteResult(Name, Version, Configuration.FewShot, _original, Items.Count,
            [Aggregates.Mean("acc", [.. scores.Select(s => s.IsGreedy ? 1.0 : 0.0)]), Aggregates.Of("perplexity", Perplexity(sums), error, higherIsBetter: false)],
            [], samples, Configuration, ScoredPrompts.Fit(requests, context.Engine.MaxLength));
    }

    private AskedPrompt Prompt(PromptRenderer renderer, int item) => renderer.Prompt(Items[item].Instruction, _examples[item]);

    private IEnumerable<ScoreRequest> Requests(PromptRenderer renderer, int member) => Items.Select((item, i) =>
    {
        var (prompt, answer) = renderer.Pair(Prompt(renderer, i), item.Target);
        return new ScoreRequest(prompt, answer, member);
    });

    private static JsonArray Response(Score score) => new(score.Sum, score.IsGreedy);
}
