using System.Globalization;
using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Python;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Inference;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Multiple choice by log-likelihood over tables of questions (CMMLU's columns by default). <c>letters</c> shows the options and scores the letters;
/// <c>options</c> shows the question alone and scores the options' texts, where the normalised accuracies matter. A cell is a file.
/// </summary>
internal sealed class MultipleChoiceSuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly bool _letters;
    private readonly bool _mutualInformation;
    private readonly string _description;
    private readonly string _delimiter;
    private readonly IReadOnlyList<IReadOnlyList<SuiteItem>> _examples;
    private readonly int _original;
    private readonly string? _rowsRemark;

    public MultipleChoiceSuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var files = inputs.RequiredFiles(MultipleChoiceOptions.File);
        _letters = inputs.Of(MultipleChoiceOptions.Form) == MultipleChoiceOptions.Letters;
        var columns = new Columns(inputs.Of(MultipleChoiceOptions.Question), inputs.Of(MultipleChoiceOptions.Choices), inputs.Of(MultipleChoiceOptions.Answer),
            inputs.Of(MultipleChoiceOptions.AnswerMark), _letters, new GoldChoice(inputs.Of(MultipleChoiceOptions.AnswerForm)));
        if (columns.Choices.Count is < 2 or > SuiteCatalogue.MostChoices) throw inputs.Wrong(MultipleChoiceOptions.Choices, $"names {columns.Choices.Count} columns, expected 2 to {SuiteCatalogue.MostChoices}");
        _description = inputs.Of(MultipleChoiceOptions.Description);
        _delimiter = inputs.Of(MultipleChoiceOptions.TargetDelimiter);
        _mutualInformation = inputs.Of(MultipleChoiceOptions.MutualInformation);
        var firstN = inputs.Of(MultipleChoiceOptions.FewShotOrder) == CommonOptions.First;
        var shotFiles = inputs.Files(MultipleChoiceOptions.FewShotFile);

        List<SuiteItem> Items(IReadOnlyList<string> paths) => [.. paths.SelectMany(path => Rows.Read(path, row => columns.Item(row, path)))];
        var all = Items(files);
        _rowsRemark = columns.Gold.Remark;
        _original = all.Count;
        this.Items = [.. FewShot.Limit(all, Configuration.Limit, Configuration.Seed, inputs.Sampled).Select((item, i) => item with { Id = i })];
        var shots = shotFiles.Count == 0 ? all : Items(shotFiles);
        _examples = Examples(shots, shotFiles.Count == 0, firstN);
    }

    public string Name => Configuration.Name;

    public string Version => "2";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens)
    {
        // One choice of each question is encoded, the longest as text: thousands of questions are measured for every model of a sweep.
        var renderer = new PromptRenderer(prompts, _delimiter);
        var texts = Prompts(renderer);
        return ScoredPrompts.Fit([.. Items.Select((item, i) => Request(renderer.Pair(texts[i], item.Choices.MaxBy(choice => choice.Length)!), -1))], maxLength);
    }

    public SuiteResult Run(SuiteContext context)
    {
        var renderer = new PromptRenderer(context.Prompts, _delimiter);
        var prompts = Prompts(renderer);
        var requests = Requests(renderer, prompts, context.Member);
        var fit = Fit(requests, context.Engine.MaxLength);
        if (_mutualInformation)
            foreach (var item in Items)
                foreach (var choice in item.Choices) requests.Add(Request(Unconditional(context, renderer, choice), context.Member));
        var itemOf = Items.SelectMany(item => item.Choices.Select(_ => item)).ToList();
        var scores = ScoredPrompts.Ask(Name, request => itemOf[request % itemOf.Count],
            () => context.Engine.LogLikelihoods(requests, done => context.Progress?.Invoke(new SuiteProgress(Name, done, requests.Count)), context.Cancellation));

        var scored = new List<IReadOnlyList<KeyValuePair<string, double>>>();
        var samples = new List<EvaluationSample>();
        int at = 0, unconditionalAt = Items.Sum(item => item.Choices.Count);
        for (var i = 0; i < Items.Count; i++)
        {
            var item = Items[i];
            var own = item.Choices.Select(_ => scores[at++]).ToList();
            var unconditional = _mutualInformation ? item.Choices.Select(_ => scores[unconditionalAt++]).ToList() : null;
            scored.Add(Score(item, own, unconditional));
            samples.Add(Sample(item, prompts[i].Text, renderer, own, unconditional, scored[^1]));
        }
        IReadOnlyList<MetricResult> Metrics(IEnumerable<int> indices)
        {
            var chosen = indices.Select(i => scored[i]).ToList();
            return [.. chosen[0].Select((m, k) => Aggregates.Mean(m.Key, [.. chosen.Select(s => s[k].Value)],
                higherIsBetter: m.Key != "brier_score", withError: m.Key != "brier_score"))];
        }
        return new SuiteResult(Name, Version, Configuration.FewShot, _original, Items.Count, Metrics(Enumerable.Range(0, Items.Count)),
            Aggregates.Cells(Items, Metrics), samples, Configuration, fit) { RowsRemark = _rowsRemark };
    }

    private List<AskedPrompt> Prompts(PromptRenderer renderer) => [.. Items.Select((item, i) => renderer.Prompt(item.Instruction,
        [.. _examples[i].Select(e => (e.Instruction, e.Choices[Gold(e)]))], _description))];

    /// <summary>A request per choice, question after question.</summary>
    private List<ScoreRequest> Requests(PromptRenderer renderer, List<AskedPrompt> prompts, int member)
        => [.. Items.SelectMany((item, i) => item.Choices.Select(choice => Request(renderer.Pair(prompts[i], choice), member)))];

    /// <summary>A question counts once, by its longest choice.</summary>
    private PromptFit Fit(List<ScoreRequest> requests, int maxLength)
    {
        var longest = new List<ScoreRequest>();
        var at = 0;
        foreach (var item in Items)
        {
            longest.Add(requests.GetRange(at, item.Choices.Count).MaxBy(r => r.Context.Length + r.Continuation.Length)!);
            at += item.Choices.Count;
        }
        return ScoredPrompts.Fit(longest, maxLength);
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
            var drawn = FewShot.Draw(byCell.GetValueOrDefault(cell.Key, shots), questions.Count, Configuration.FewShot, Configuration.Seed, firstN,
                fromQuestions, (q, example) => FewShot.SameText(questions[q].item.Instruction, example.Instruction) && questions[q].item.Choices.SequenceEqual(example.Choices));
            for (var q = 0; q < questions.Count; q++) result[questions[q].i] = drawn[q];
        }
        return result;
    }

    /// <summary>Which columns hold what, and how a question is put.</summary>
    private sealed record Columns(string Question, IReadOnlyList<string> Choices, string Answer, string Mark, bool Letters, GoldChoice Gold)
    {
        public SuiteItem Item(RowFields row, string path)
        {
            var texts = Choices.Select((column, i) => Option(row, column, i)).ToList();
            var question = PythonText.Trim(row.Text(Question));
            var letters = texts.Select((_, i) => Letter(i)).ToList();
            var shown = Letters ? string.Concat(texts.Select((text, i) => $"\n{letters[i]}. {text}")) : "";
            var gold = Gold.Find(row.Text(Answer), texts);
            // The name without split and extension is the subject: dev/anatomy.csv and test/anatomy.csv belong together.
            return new SuiteItem(0, row.Row, $"{question}{shown}\n{Mark}", gold.ToString(CultureInfo.InvariantCulture), Letters ? letters : texts, Path.GetFileNameWithoutExtension(path));
        }

        private static string Option(RowFields row, string column, int i)
        {
            try
            {
                return row.Text(column);
            }
            catch (RowException e)
            {
                throw new RowException($"option {Letter(i)}: {e.Message}");
            }
        }

        private static string Letter(int i) => ((char)('A' + i)).ToString();
    }
}
