using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Questions and answers from a file (GSM8K, GPT-3's arithmetic, one's own): the answer is generated and compared. Either one extraction reads question
/// and reference alike, or lm-eval's filter pipelines read the response and the reference stays as it is.
/// </summary>
internal sealed class ExactMatchSuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly ExactMatch _match;
    private readonly string _extraction;
    private readonly IReadOnlyList<string> _until;
    private readonly List<(string Name, ResponseFilters Steps)> _filters = [];
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;
    private readonly int _original;

    public ExactMatchSuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var file = inputs.RequiredFile(ExactMatchOptions.File);
        string question = inputs.Of(ExactMatchOptions.Question), answer = inputs.Of(ExactMatchOptions.Answer);
        var format = inputs.Of(ExactMatchOptions.Format);
        if (!format.Contains(SuiteCatalogue.QuestionField, StringComparison.Ordinal)) throw inputs.Wrong(ExactMatchOptions.Format, $"does not contain {SuiteCatalogue.QuestionField}");
        _extraction = inputs.Of(ExactMatchOptions.Extract);
        _until = inputs.Of(ExactMatchOptions.Until);
        var firstN = inputs.Of(ExactMatchOptions.FewShotOrder) == CommonOptions.First;
        var pool = inputs.File(ExactMatchOptions.FewShotFile);
        _match = Match();
        foreach (var pipeline in inputs.Of(ExactMatchOptions.FilterList) ?? []) _filters.Add((pipeline.Name, Compiled(pipeline)));

        SuiteItem Item(RowFields row) => Checked(new SuiteItem(0, row.Row, format.Replace(SuiteCatalogue.QuestionField, row.Text(question), StringComparison.Ordinal), row.Text(answer), []));
        var all = Rows.Read(file, Item);
        _original = all.Count;
        Items = [.. FewShot.Limit(all, Configuration.Limit, Configuration.Seed, inputs.Sampled).Select((item, i) => item with { Id = i })];
        var shots = pool is null ? all : Rows.Read(pool, Item);
        _examples = [.. FewShot.Draw(shots, Items.Count, Configuration.FewShot, Configuration.Seed, firstN, ownRows: pool is null,
                (q, example) => FewShot.SameText(Items[q].Instruction, example.Instruction))
            .Select(examples => (IReadOnlyList<(string, string)>)[.. examples.Select(e => (e.Instruction, e.Target))])];
    }

    public string Name => Configuration.Name;

    public string Version => "2";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens) => GenerationRun.Fit(prompts, Items, _examples, maxLength, maxNewTokens);

    public SuiteResult Run(SuiteContext context)
    {
        var (answers, fit) = GenerationRun.Ask(context, Name, Items, _examples, _until);
        var samples = new List<EvaluationSample>();
        var metrics = new List<MetricResult>();
        if (_filters.Count == 0)
        {
            var exact = new List<double>();
            var digits = new List<(int, int)>();
            foreach (var a in answers)
            {
                string found = AnswerScoring.Extract(_extraction, a.Text), reference = AnswerScoring.Reference(_extraction, a.Item.Target);
                exact.Add(Timed(a.Item, () => _match.Score(found, reference)));
                digits.Add(AnswerScoring.Digits(found, reference));
                samples.Add(Sample(a, found, "none", exact[^1], KeyValuePair.Create("digit_match", AnswerScoring.DigitMatch(digits[^1]))));
            }
            metrics.Add(Aggregates.Mean("exact_match", exact));
            metrics.Add(Aggregates.DigitMatch(digits));
        }
        foreach (var (filter, steps) in _filters)
        {
            var exact = new List<double>();
            foreach (var a in answers)
            {
                var found = Timed(a.Item, () => steps.Apply([a.Text], a.Item.Doc)[0]);
                exact.Add(Timed(a.Item, () => _match.Score(found, a.Item.Target)));
                samples.Add(Sample(a, found, filter, exact[^1]));
            }
            metrics.Add(Aggregates.Mean("exact_match", exact, filter));
        }
        return new SuiteResult(Name, Version, Configuration.FewShot, _original, Items.Count, metrics, [], samples, Configuration, fit) { AtLimit = answers.Count(a => a.AtLimit) };
    }

    private ExactMatch Match()
    {
        try
        {
            return new ExactMatch
            {
                IgnoreCase = _inputs.Of(ExactMatchOptions.IgnoreCase),
                IgnorePunctuation = _inputs.Of(ExactMatchOptions.IgnorePunctuation),
                IgnoreNumbers = _inputs.Of(ExactMatchOptions.IgnoreNumbers),
                RegexesToIgnore = _inputs.Of(ExactMatchOptions.RegexesToIgnore),
            };
        }
        catch (EvaluationException e)
        {
            throw _inputs.Wrong(ExactMatchOptions.RegexesToIgnore, e.Message);
        }
    }

    private ResponseFilters Compiled(FilterPipeline pipeline)
    {
        try
        {
            return ResponseFilters.Compile(pipeline.Steps);
        }
        catch (EvaluationException e)
        {
            throw _inputs.Wrong(ExactMatchOptions.FilterList, $"pipeline '{pipeline.Name}': {e.Message}");
        }
    }

    /// <summary>A question whose reference something can equal, and nothing that is missing does.</summary>
    private SuiteItem Checked(SuiteItem item)
    {
        var reference = _filters.Count == 0 ? AnswerScoring.Reference(_extraction, item.Target) : item.Target;
        try
        {
            if (_match.Normalise(reference).Length == 0) throw new RowException($"nothing is left of the answer {RowFields.Quoted(item.Target)} once all is removed that the options ignore");
            foreach (var (_, steps) in _filters) steps.Apply([""], item.Doc);
        }
        catch (EvaluationException e)
        {
            throw new RowException(e.Message);
        }
        catch (RegexMatchTimeoutException e)
        {
            // At once, and not with what is wrong with other rows: each of them would take as long.
            throw Patterns.TooSlow(e, $"the answer {RowFields.Quoted(item.Target)}");
        }
        if (_filters.Count > 0 && reference == ResponseFilters.Invalid) throw new RowException($"the answer is {reference}, which stands for a response without an answer");
        return item;
    }

    private T Timed<T>(SuiteItem item, Func<T> score)
    {
        try
        {
            return score();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw Patterns.TooSlow(e, $"{Name}, item {item.Id}");
        }
    }

    private static EvaluationSample Sample(GenerationRun.Answered a, string found, string filter, double exact, params KeyValuePair<string, JsonNode>[] more)
        => new(a.Item.Id, a.Item.Doc, a.Item.Target, [a.Arguments], [a.Text], [found], filter, [new("exact_match", exact), .. more]);
}
