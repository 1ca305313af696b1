using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Inference;

namespace AlpacaCot.Evaluation;

/// <summary>
/// Multiple choice by log-likelihood over tables of questions (CMMLU's columns by default). <c>letters</c> shows the options and scores the letters;
/// <c>options</c> shows the question alone and scores the options' texts, where the normalised accuracies matter. A cell is a file.
/// </summary>
internal sealed class MultipleChoiceSuite : ISuite
{
    public const string Kind = "multiple-choice";

    private readonly SuiteOptions _options;
    private readonly bool _letters;
    private readonly bool _mutualInformation;
    private readonly string _description;
    private readonly string _delimiter;
    private readonly IReadOnlyList<IReadOnlyList<SuiteItem>> _examples;
    private readonly int _original;

    public MultipleChoiceSuite(SuiteOptions options)
    {
        _options = options;
        var files = _options.Files("file");
        if (files.Count == 0) throw _options.Wrong("file", "names no file");
        _letters = _options.OneOf("form", "letters", "options") == "letters";
        var columns = new Columns(_options.Text("question", "Question"), _options.Texts("choices", ["A", "B", "C", "D"]), _options.Text("answer", "Answer"),
            _options.Text("answer_mark", "答案："), _letters);
        _description = _options.Text("description", "");
        _delimiter = _options.Text("target_delimiter", " ");
        _mutualInformation = _options.Flag("mutual_information", false);
        var sampled = _options.OneOf("order", "sampled", "first") == "sampled";
        var firstN = _options.OneOf("few_shot_order", "first", "sampled") == "first";
        var shotFiles = _options.Files("few_shot_file");
        _options.Done();

        IEnumerable<SuiteItem> Items(IReadOnlyList<string> paths) => paths.SelectMany(path => Rows.Read(path).Select(row => columns.Item(row, path)));
        var all = Items(files).ToList();
        _original = all.Count;
        this.Items = [.. FewShot.Limit(all, _options.Limit, _options.Seed, sampled).Select((item, i) => item with { Id = i })];
        var shots = shotFiles.Count == 0 ? all : [.. Items(shotFiles)];
        _examples = Examples(shots, shotFiles.Count == 0, firstN);
    }

    public string Name => _options.Name;

    public string Version => "1";

    public JsonObject Configuration => _options.Used;

    public IReadOnlyList<SuiteItem> Items { get; }

    public SuiteResult Run(SuiteContext context)
    {
        var renderer = new PromptRenderer(context, _delimiter);
        var prompts = Items.Select((item, i) => renderer.Prompt(item.Instruction,
            [.. _examples[i].Select(e => (e.Instruction, e.Choices[Gold(e)]))], _description)).ToList();
        var requests = new List<ScoreRequest>();
        for (var i = 0; i < Items.Count; i++)
            foreach (var choice in Items[i].Choices)
                requests.Add(Request(renderer.Pair(prompts[i], choice), context.Member));
        if (_mutualInformation)
            foreach (var item in Items)
                foreach (var choice in item.Choices) requests.Add(Request(Unconditional(context, renderer, choice), context.Member));
        var scores = context.Engine.LogLikelihoods(requests, done => context.Progress?.Invoke(new SuiteProgress(Name, done, requests.Count)), context.Cancellation);

        var scored = new List<IReadOnlyList<KeyValuePair<string, double>>>();
        var samples = new List<EvaluationSample>();
        int at = 0, unconditionalAt = Items.Sum(item => item.Choices.Count);
        for (var i = 0; i < Items.Count; i++)
        {
            var item = Items[i];
            var own = item.Choices.Select(_ => scores[at++]).ToList();
            var unconditional = _mutualInformation ? item.Choices.Select(_ => scores[unconditionalAt++]).ToList() : null;
            scored.Add(Score(item, own, unconditional));
            samples.Add(Sample(item, prompts[i], renderer, own, unconditional, scored[^1]));
        }
        IReadOnlyList<MetricResult> Metrics(IEnumerable<int> indices)
        {
            var chosen = indices.Select(i => scored[i]).ToList();
            return [.. chosen[0].Select((m, k) => Aggregates.Mean(m.Key, [.. chosen.Select(s => s[k].Value)],
                higherIsBetter: m.Key != "brier_score", withError: m.Key != "brier_score"))];
        }
        return new SuiteResult(Name, Version, _options.FewShot, _original, Items.Count, Metrics(Enumerable.Range(0, Items.Count)),
            Aggregates.Cells(Items, Metrics), samples, Configuration);
    }

    /// <summary>The question's value of each metric, in the order in which results show them.</summary>
    private static List<KeyValuePair<string, double>> Score(SuiteItem item, List<Score> own, List<Score>? unconditional)
    {
        var gold = Gold(item);
        var scores = ChoiceScores.Of([.. own.Select(s => s.Sum)], item.Choices, unconditional?.Select(s => s.Sum).ToList());
        double Right(int predicted) => predicted == gold ? 1 : 0;
        List<KeyValuePair<string, double>> values =
        [
            new("acc", Right(scores.Predicted)), new("acc_norm", Right(scores.PredictedNorm)), new("acc_bytes", Right(scores.PredictedBytes)),
            new("exact_match", own[gold].IsGreedy ? 1 : 0), new("brier_score", scores.Brier(gold)),
        ];
        if (scores.PredictedMutualInfo is { } predicted) values.Add(new("acc_mutual_info", Right(predicted)));
        return values;
    }

    private static EvaluationSample Sample(SuiteItem item, string prompt, PromptRenderer renderer, List<Score> own, List<Score>? unconditional,
        IReadOnlyList<KeyValuePair<string, double>> metrics)
    {
        var all = own.Concat(unconditional ?? []).ToList();
        JsonNode Response(Score score) => new JsonArray(score.Sum, score.IsGreedy);
        var arguments = all.Select((_, k) => new SampleArguments(k < own.Count ? prompt : "", renderer.Continuation(item.Choices[k % own.Count]))).ToList();
        return new EvaluationSample(item.Id, item.Doc, Gold(item), arguments, [.. all.Select(Response)], [.. all.Select(Response)], "none",
            [.. metrics.Select(m => KeyValuePair.Create(m.Key, (JsonNode)JsonValue.Create(m.Value)))]);
    }

    private static ScoreRequest Request((int[] Context, int[] Continuation) pair, int member) => new(pair.Context, pair.Continuation, member);

    private static (int[], int[]) Unconditional(SuiteContext context, PromptRenderer renderer, string choice)
        => new PairEncoder(context.Engine.Tokenizer).EncodePair("", renderer.Continuation(choice));

    private static int Gold(SuiteItem item) => int.Parse(item.Target, CultureInfo.InvariantCulture);

    private IReadOnlyList<IReadOnlyList<SuiteItem>> Examples(List<SuiteItem> shots, bool fromQuestions, bool firstN)
    {
        // A question's worked examples come from its own cell (the subject's dev rows), as the suites that this form comes from do.
        var byCell = shots.GroupBy(s => s.Cell!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        var result = new IReadOnlyList<SuiteItem>[Items.Count];
        foreach (var cell in Items.Select((item, i) => (item, i)).GroupBy(x => x.item.Cell!, StringComparer.Ordinal))
        {
            var questions = cell.ToList();
            var drawn = FewShot.Draw(byCell.GetValueOrDefault(cell.Key, shots), questions.Count, _options.FewShot, _options.Seed, firstN,
                fromQuestions ? (q, example) => ReferenceEquals(questions[q].item.Doc, example.Doc) : null);
            for (var q = 0; q < questions.Count; q++) result[questions[q].i] = drawn[q];
        }
        return result;
    }

    /// <summary>Which columns hold what, and how a question is put.</summary>
    private sealed record Columns(string Question, IReadOnlyList<string> Choices, string Answer, string Mark, bool Letters)
    {
        public SuiteItem Item(JsonObject row, string path)
        {
            var texts = Choices.Select(c => Rows.Field(row, c, path)).ToList();
            var question = PythonText.Trim(Rows.Field(row, Question, path));
            var letters = texts.Select((_, i) => ((char)('A' + i)).ToString()).ToList();
            var shown = Letters ? string.Concat(texts.Select((text, i) => $"\n{letters[i]}. {text}")) : "";
            var gold = Gold(Rows.Field(row, Answer, path), texts, letters);
            if (gold < 0) throw new EvaluationException($"{path}: the answer \"{Rows.Field(row, Answer, path)}\" is none of the choices {string.Join(", ", letters)}");
            // The name without split and extension is the subject: dev/anatomy.csv and test/anatomy.csv belong together.
            return new SuiteItem(0, row, $"{question}{shown}\n{Mark}", gold.ToString(CultureInfo.InvariantCulture), Letters ? letters : texts, Path.GetFileNameWithoutExtension(path));
        }

        private static int Gold(string answer, List<string> texts, List<string> letters)
        {
            if (letters.IndexOf(answer) is var letter and >= 0) return letter;
            if (int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < texts.Count) return number;
            return texts.IndexOf(answer);
        }
    }
}
