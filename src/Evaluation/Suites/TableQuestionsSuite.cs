using System.Text.Json.Nodes;
using AlpacaCot.Data;
using AlpacaCot.Data.Tables;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Questions about tables (WikiTableQuestions, AIT-QA, TabMWP) and statements on them (TabFact): the table stands in the prompt as it does in training, the
/// answer is generated. Denotation accuracy compares the answer's values as WikiTableQuestions' evaluator does; exact match its text.
/// </summary>
internal sealed class TableQuestionsSuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;
    private readonly int _original;

    public TableQuestionsSuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var files = inputs.RequiredFiles(TableQuestionsOptions.File);
        var form = inputs.Of(TableQuestionsOptions.Form);
        var tables = new TableOptions { Form = Words.TableForms.First(known => known.Word == form).Value, RepeatMerged = inputs.Of(TableQuestionsOptions.RepeatMerged) };
        try
        {
            var all = files.SelectMany(file => TableFiles.Read(file).Select(question => Item(question, tables, file))).ToList();
            if (all.Count == 0) throw inputs.Wrong(TableQuestionsOptions.File, "holds no question whose table is there");
            _original = all.Count;
            Items = [.. FewShot.Limit(all, Configuration.Limit, Configuration.Seed, inputs.Sampled).Select((item, i) => item with { Id = i })];
            _examples = [.. FewShot.Draw(all, Items.Count, Configuration.FewShot, Configuration.Seed, firstN: false, ownRows: true, (q, example) => FewShot.SameText(Items[q].Instruction, example.Instruction))
                .Select(examples => (IReadOnlyList<(string, string)>)[.. examples.Select(example => (example.Instruction, example.Target))])];
        }
        catch (DatasetException e)
        {
            throw new EvaluationException($"suite {TableQuestionsOptions.Suite}: {e.Message}");
        }
    }

    public string Name => Configuration.Name;

    public string Version => "1";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens) => GenerationRun.Fit(prompts, Items, _examples, maxLength, maxNewTokens);

    public SuiteResult Run(SuiteContext context)
    {
        var (answers, fit) = GenerationRun.Ask(context, Name, Items, _examples, []);
        var scored = answers.Select(a =>
        {
            var found = AnswerExtraction.FinalAnswer(a.Text);
            return (Answer: a, Found: found, Same: Same(found, a.Item.Target) ? 1.0 : 0.0, Exact: AnswerExtraction.Normalise(found) == AnswerExtraction.Normalise(a.Item.Target) ? 1.0 : 0.0);
        }).ToList();
        IReadOnlyList<MetricResult> Metrics(IEnumerable<int> indices)
        {
            var chosen = indices.Select(i => scored[i]).ToList();
            return [Aggregates.Mean("denotation_accuracy", [.. chosen.Select(s => s.Same)]), Aggregates.Mean("exact_match", [.. chosen.Select(s => s.Exact)])];
        }
        var samples = scored.Select(s => new EvaluationSample(s.Answer.Item.Id, s.Answer.Item.Doc, s.Answer.Item.Target, [s.Answer.Arguments],
            [s.Answer.Text], [s.Found], "none", [new("denotation_accuracy", s.Same), new("exact_match", s.Exact)])).ToList();
        return new SuiteResult(Name, Version, Configuration.FewShot, _original, Items.Count, Metrics(Enumerable.Range(0, Items.Count)),
            Aggregates.Cells(Items, Metrics), samples, Configuration, fit) { AtLimit = answers.Count(a => a.AtLimit) };
    }

    /// <summary>Whether two answers hold the same values; <c>|</c> stands between those of one.</summary>
    internal static bool Same(string found, string target) => Denotation.Equal(Values(target), Values(found));

    private static IEnumerable<DenotationValue> Values(string answer) => answer.Split('|', StringSplitOptions.TrimEntries).Select(text => Denotation.Value(text));

    private static SuiteItem Item(TableQuestion question, TableOptions tables, string file)
    {
        var record = TableTasks.Record(question, tables, Path.GetFileName(file));
        var doc = new JsonObject { ["question"] = question.Text, ["answers"] = new JsonArray([.. question.Answers.Select(answer => JsonValue.Create(answer))]), ["row"] = question.Row, ["table"] = TableText.Write(question.Table, tables.Form, tables.RepeatMerged) };
        return new SuiteItem(0, doc, $"{record.Instruction}\n{record.Input}", record.Output, [], Path.GetFileNameWithoutExtension(file));
    }
}
