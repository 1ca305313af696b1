using System.Text.Json.Nodes;
using AlpacaCot.Evaluation.Harness;
using AlpacaCot.Evaluation.Prompts;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Specs.Suites;

namespace AlpacaCot.Evaluation.Suites;

/// <summary>
/// Perplexity of texts by rolling log-likelihood: per word, per byte and as bits per byte, which can be compared between tokenizers. The texts are read as they
/// are; neither template nor cue applies.
/// </summary>
internal sealed class PerplexitySuite : ISuite
{
    private readonly SuiteInputs _inputs;
    private readonly int _original;

    public PerplexitySuite(SuiteInputs inputs)
    {
        _inputs = inputs;
        var files = inputs.RequiredFiles(PerplexityOptions.File);
        var key = inputs.Of(PerplexityOptions.TextColumn);
        if (Configuration.FewShot > 0) throw inputs.Wrong(CommonOptions.FewShot, "texts have no worked examples");
        var all = files.SelectMany(path => Path.GetExtension(path) == ".txt"
            ? [Whole(path)]
            : Rows.Read(path, row => Item(row.Row, row.Text(key)))).ToList();
        _original = all.Count;
        Items = [.. FewShot.Limit(all, Configuration.Limit, Configuration.Seed, inputs.Sampled).Select((item, i) => item with { Id = i })];
    }

    public string Name => Configuration.Name;

    public string Version => "1";

    public SuiteOptions Configuration => _inputs.Options;

    public IReadOnlyList<SuiteItem> Items { get; }

    /// <summary>Texts are scored in windows: none is too long.</summary>
    public PromptFit Fit(PromptSettings prompts, int maxLength, int maxNewTokens) => NothingCut(maxLength) with { Tokens = Items.Sum(item => (long)new PairEncoder(prompts.Tokenizer).Encode(item.Instruction).Length) };

    public SuiteResult Run(SuiteContext context)
    {
        var encoder = new PairEncoder(context.Engine.Tokenizer);
        var texts = Items.Select(item => encoder.Encode(item.Instruction)).ToList();
        var windows = texts.Sum(ids => (ids.Length + context.Engine.MaxLength - 1) / context.Engine.MaxLength);
        var scores = ScoredPrompts.Ask(Name, text => Items[text], () => context.Engine.RollingLogLikelihoods(texts, encoder.PrefixId, context.Member,
            done => context.Progress?.Invoke(new SuiteProgress(Name, done, windows)), context.Cancellation));
        var scored = Items.Select((item, i) => (scores[i].Sum, Words: (long)Perplexities.Words(item.Instruction), Bytes: (long)Perplexities.Bytes(item.Instruction))).ToList();
        var samples = Items.Select((item, i) =>
        {
            var (sum, words, bytes) = scored[i];
            JsonNode PerUnit(long units) => new JsonArray(sum, units);
            return new EvaluationSample(item.Id, item.Doc, item.Instruction, [new SampleArguments(item.Instruction)], [sum], [sum], "none",
                [new("word_perplexity", PerUnit(words)), new("byte_perplexity", PerUnit(bytes)), new("bits_per_byte", PerUnit(bytes))]);
        }).ToList();
        return new SuiteResult(Name, Version, 0, _original, Items.Count, Metrics(scored), [], samples, Configuration, NothingCut(context.Engine.MaxLength));
    }

    private PromptFit NothingCut(int maxLength) => new(Items.Count, 0, 0, maxLength);

    /// <summary>Perplexities over all texts together; they have no standard error in lm-eval either.</summary>
    internal static IReadOnlyList<MetricResult> Metrics(IReadOnlyList<(double Sum, long Words, long Bytes)> texts)
    {
        double sum = texts.Sum(t => t.Sum);
        long words = texts.Sum(t => t.Words), bytes = texts.Sum(t => t.Bytes);
        return
        [
            Aggregates.Of("word_perplexity", Perplexities.PerUnit(sum, words), null, higherIsBetter: false),
            Aggregates.Of("byte_perplexity", Perplexities.PerUnit(sum, bytes), null, higherIsBetter: false),
            Aggregates.Of("bits_per_byte", Perplexities.BitsPerByte(sum, bytes), null, higherIsBetter: false),
        ];
    }

    private static SuiteItem Item(JsonObject row, string text) => new(0, row, text, text, []);

    private static SuiteItem Whole(string path)
    {
        var text = Rows.Text(path);
        return string.IsNullOrWhiteSpace(text) ? throw new EvaluationException($"{path}: holds no text") : Item(new JsonObject { ["text"] = text }, text);
    }
}
