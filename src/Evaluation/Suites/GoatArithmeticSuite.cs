using System.Text.Json.Nodes;
using AlpacaCot.Data;
using AlpacaCot.Data.Goat;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Held-out arithmetic in Goat's form (Liu and Low, 2023): questions that no training draw holds, over operations and numbers of digits. Exact match of
/// the final answer, and digit match = 1 − character error rate. A cell is an operation and the digits of its longer operand.
/// </summary>
internal sealed class GoatArithmeticSuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly IReadOnlyList<IReadOnlyList<(string, string)>> _examples;

    public GoatArithmeticSuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var names = inputs.Of(GoatArithmeticOptions.Operations);
        foreach (var name in names)
            if (Words.Operations.All(o => o.Word != name)) throw inputs.Wrong(GoatArithmeticOptions.Operations, $"'{name}' is unknown; known are {string.Join(", ", Words.Operations.Select(o => o.Word))}");
        var digits = inputs.Of(GoatArithmeticOptions.Digits);
        if (digits.Count != 2) throw inputs.Wrong(GoatArithmeticOptions.Digits, "needs the fewest and the most, [1, 5]");
        var style = inputs.Of(GoatArithmeticOptions.Style);
        var goat = new GoatOptions
        {
            Operations = [.. names.Select(name => Words.Operations.First(o => o.Word == name).Value)],
            MinDigits = digits[0],
            MaxDigits = digits[1],
            Noise = inputs.Of(GoatArithmeticOptions.Noise),
            Style = Words.Styles.First(s => s.Word == style).Value,
            Signed = inputs.Of(GoatArithmeticOptions.Signed),
            Decimals = inputs.Of(GoatArithmeticOptions.Decimals),
            Count = Configuration.Limit,
            Split = GoatSplit.HeldOut,
        };
        try
        {
            var items = GoatGenerator.Generate(goat, Configuration.Seed);
            Items = [.. items.Select((item, i) => new SuiteItem(i, Doc(item), item.Record.Instruction, item.Question.Answer, [], Cell(item.Question)))];
            _examples = Examples(goat);
        }
        catch (DatasetException e)
        {
            throw new EvaluationException($"suite {GoatArithmeticOptions.Suite}: {e.Message}");
        }
    }

    public string Name => Configuration.Name;

    public string Version => "2";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens) => GenerationRun.Fit(prompts, Items, _examples, maxLength, maxNewTokens);

    public SuiteResult Run(SuiteContext context)
    {
        var (answers, fit) = GenerationRun.Ask(context, Name, Items, _examples, []);
        var scored = answers.Select(a =>
        {
            var found = AnswerScoring.Extract("final", a.Text);
            var reference = AnswerScoring.Reference("final", a.Item.Target);
            return (Answer: a, Found: found, Exact: found == reference ? 1.0 : 0.0, Digits: AnswerScoring.Digits(found, reference));
        }).ToList();
        IReadOnlyList<MetricResult> Metrics(IEnumerable<int> indices)
        {
            var chosen = indices.Select(i => scored[i]).ToList();
            return [Aggregates.Mean("exact_match", [.. chosen.Select(s => s.Exact)]), Aggregates.DigitMatch([.. chosen.Select(s => s.Digits)])];
        }
        var samples = scored.Select(s => new EvaluationSample(s.Answer.Item.Id, s.Answer.Item.Doc, s.Answer.Item.Target, [s.Answer.Arguments],
            [s.Answer.Text], [s.Found], "none", [new("exact_match", s.Exact), new("digit_match", AnswerScoring.DigitMatch(s.Digits))])).ToList();
        return new SuiteResult(Name, Version, Configuration.FewShot, Items.Count, Items.Count, Metrics(Enumerable.Range(0, Items.Count)),
            Aggregates.Cells(Items, Metrics), samples, Configuration, fit) { AtLimit = answers.Count(a => a.AtLimit) };
    }

    private static JsonObject Doc(GoatItem item) => new()
    {
        ["instruction"] = item.Record.Instruction,
        ["input"] = item.Record.Input,
        ["output"] = item.Record.Output,
        ["answer"] = item.Question.Answer,
    };

    private static string Cell(GoatQuestion question)
        => $"{question.Operation.ToString().ToLowerInvariant()}_{question.LongestDigits}";

    /// <summary>Worked examples come from the trainable questions, in the style asked for; none of those is held out, so none equals a question.</summary>
    private IReadOnlyList<IReadOnlyList<(string, string)>> Examples(GoatOptions goat)
    {
        const int PoolPerShot = 20;
        IReadOnlyList<(string Instruction, string)> pool = Configuration.FewShot == 0 ? []
            : [.. GoatGenerator.Generate(goat with { Split = GoatSplit.Train, Count = Configuration.FewShot * PoolPerShot }, Configuration.Seed).Select(i => (i.Record.Instruction, i.Record.Output))];
        return FewShot.Draw(pool, Items.Count, Configuration.FewShot, Configuration.Seed, firstN: false, ownRows: false, (q, example) => example.Instruction == Items[q].Instruction);
    }
}
