using System.Text.Json.Nodes;

namespace AlpacaCot.Evaluation;

/// <summary>
/// Questions and answers from a file (GSM8K, GPT-3's arithmetic, one's own): the answer is generated and compared. Either one extraction reads question
/// and reference alike, or lm-eval's filter pipelines read the response and the reference stays as it is.
/// </summary>
internal sealed class ExactMatchSuite : ISuite
{
    public const string Kind = "exact-match";

    private const string QuestionSlot = "{question}";
    private readonly SuiteOptions _options;
    private readonly ExactMatchOptions _match;
    private readonly string _extraction;
    private readonly IReadOnlyList<string> _until;
    private readonly List<(string Name, JsonArray Steps)> _filters = [];
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;
    private readonly int _original;

    public ExactMatchSuite(SuiteOptions options)
    {
        _options = options;
        var file = _options.File("file") ?? throw _options.Wrong("file", "names no file");
        string question = _options.Text("question", "question"), answer = _options.Text("answer", "answer");
        var format = _options.Text("format", QuestionSlot);
        if (!format.Contains(QuestionSlot, StringComparison.Ordinal)) throw _options.Wrong("format", $"does not contain {QuestionSlot}");
        _extraction = _options.OneOf("extract", AnswerScoring.Extractions);
        _until = _options.Texts("until", []);
        var sampled = _options.OneOf("order", "sampled", "first") == "sampled";
        var firstN = _options.OneOf("few_shot_order", "sampled", "first") == "first";
        var pool = _options.File("few_shot_file");
        _match = new ExactMatchOptions
        {
            IgnoreCase = _options.Flag("ignore_case", false),
            IgnorePunctuation = _options.Flag("ignore_punctuation", false),
            IgnoreNumbers = _options.Flag("ignore_numbers", false),
            RegexesToIgnore = _options.Texts("regexes_to_ignore", []),
        };
        foreach (var node in _options.Objects("filter_list") ?? [])
            _filters.Add((node?["name"]?.GetValue<string>() ?? throw _options.Wrong("filter_list", "each pipeline needs a name"),
                node["filter"] as JsonArray ?? throw _options.Wrong("filter_list", "each pipeline needs a list 'filter'")));
        _options.Done();

        SuiteItem Item(JsonObject row, int i, string path) => new(i, row,
            format.Replace(QuestionSlot, Rows.Field(row, question, path), StringComparison.Ordinal), Rows.Field(row, answer, path), []);
        var all = Rows.Read(file).Select((row, i) => Item(row, i, file)).ToList();
        _original = all.Count;
        Items = [.. FewShot.Limit(all, _options.Limit, _options.Seed, sampled).Select((item, i) => item with { Id = i })];
        var shots = pool is null ? all : [.. Rows.Read(pool).Select((row, i) => Item(row, i, pool))];
        _examples = [.. FewShot.Draw(shots, Items.Count, _options.FewShot, _options.Seed, firstN,
            pool is null ? (q, example) => ReferenceEquals(Items[q].Doc, example.Doc) : null)
            .Select(examples => (IReadOnlyList<(string, string)>)[.. examples.Select(e => (e.Instruction, e.Target))])];
    }

    public string Name => _options.Name;

    public string Version => "1";

    public JsonObject Configuration => _options.Used;

    public IReadOnlyList<SuiteItem> Items { get; }

    public SuiteResult Run(SuiteContext context)
    {
        var answers = GenerationRun.Ask(context, Name, Items, _examples, _until);
        var samples = new List<EvaluationSample>();
        var metrics = new List<MetricResult>();
        if (_filters.Count == 0)
        {
            var exact = new List<double>();
            var digits = new List<(int, int)>();
            foreach (var a in answers)
            {
                string found = AnswerScoring.Extract(_extraction, a.Text), reference = AnswerScoring.Extract(_extraction, a.Item.Target);
                exact.Add(_match.Score(found, reference));
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
                var found = ResponseFilters.Apply(steps, [a.Text], a.Item.Doc)[0];
                exact.Add(_match.Score(found, a.Item.Target));
                samples.Add(Sample(a, found, filter, exact[^1]));
            }
            metrics.Add(Aggregates.Mean("exact_match", exact, filter));
        }
        return new SuiteResult(Name, Version, _options.FewShot, _original, Items.Count, metrics, [], samples, Configuration);
    }

    private static EvaluationSample Sample(GenerationRun.Answered a, string found, string filter, double exact, params KeyValuePair<string, JsonNode>[] more)
        => new(a.Item.Id, a.Item.Doc, a.Item.Target, [a.Arguments], [a.Text], [found], filter, [new("exact_match", exact), .. more]);
}
