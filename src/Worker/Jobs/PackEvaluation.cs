using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Inference;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Asks trained members their trials' questions on the loaded base; suites that trials share are read once.</summary>
internal sealed class PackEvaluation : IDisposable
{
    private readonly PackJob _pack;
    private readonly LoadedBase _model;
    private readonly JobContext _context;
    private readonly AdapterBank _bank;
    private readonly InferenceEngine _engine;
    private readonly Dictionary<string, IReadOnlyList<ISuite>> _suites = new(StringComparer.Ordinal);

    /// <summary>Starts an engine over the pack's base.</summary>
    public PackEvaluation(PackJob pack, LoadedBase model, JobContext context)
    {
        (_pack, _model, _context) = (pack, model, context);
        _bank = new AdapterBank(model.Decoder);
        _engine = new InferenceEngine(model.Decoder, model.Tokenizer, _bank);
    }

    /// <summary>Evaluates the trials of one member and reports each.</summary>
    public void Run(PackMember member, string adapterFolder)
    {
        if (member.Trials.Count == 0) return;
        using var adapter = AdapterDirectory.Load(_model.Decoder, adapterFolder);
        var template = TemplateFile.Resolve(adapterFolder);
        var index = _bank.Add(adapter);
        try
        {
            foreach (var trial in member.Trials) Run(trial, index, template);
        }
        finally
        {
            _bank.Remove(index);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private void Run(PackTrial trial, int member, PromptTemplate template)
    {
        _context.Stop.ThrowIfCancellationRequested();
        var began = _context.Time.GetTimestamp();
        var decoding = Decodings.Of(trial.Decoding);
        var results = EvaluationRunner.Run(
            SuitesOf(trial), _engine, member, template, trial.Cue, decoding,
            progress => _context.Progress("evaluate", progress.Done, progress.Total, trial.Name, note: progress.Suite), _context.Stop);
        var elapsed = _context.Time.GetElapsedTime(began);
        var run = new RunDescription
        {
            ModelName = trial.Name, ModelArguments = $"pretrained={_model.Path}", Parameters = _model.Decoder.Parameters.Values.Sum(p => p.numel()), Dtype = _model.Decoder.Dtype.ToString(),
            Tokenizer = _model.Tokenizer, MaxLength = _engine.MaxLength, Template = template.Name, Cue = trial.Cue,
        };
        var files = ResultFiles.Write(Path.Combine(_pack.Directory, "results"), run, results, elapsed, _context.Time);
        foreach (var result in results)
            _context.Send(new ResultEvent(
                _context.Assignment, _context.Fence, trial.Name, result.Suite, Figures(result), result.Effective, files.Results, elapsed.TotalSeconds / results.Count, result.Prompts.TooLong));
    }

    /// <summary>Metrics of a suite that have a value; those of its cells, and why others have none, are in the result file.</summary>
    private static Dictionary<string, double> Figures(SuiteResult result)
        => result.Metrics.Where(metric => metric.Value is not null).ToDictionary(metric => metric.Key, metric => metric.Value!.Value, StringComparer.Ordinal);

    private IReadOnlyList<ISuite> SuitesOf(PackTrial trial)
    {
        var text = trial.Evaluation.GetRawText();
        if (_suites.TryGetValue(text, out var known)) return known;
        return _suites[text] = [.. JsonNode.Parse(text)!.AsArray().Select(declaration => SuiteDeclarations.Create(declaration!, _pack.Folders.Datasets))];
    }
}

/// <summary>The protocol's decoding settings as the engine's.</summary>
internal static class Decodings
{
    /// <summary>Converts.</summary>
    public static Inference.DecodingSettings Of(Protocol.DecodingSettings settings) => new()
    {
        Strategy = settings.Strategy == "sample" ? DecodingStrategy.Sample : DecodingStrategy.Greedy,
        Temperature = settings.Temperature,
        TopK = settings.TopK,
        TopP = settings.TopP,
        RepetitionPenalty = settings.RepetitionPenalty,
        MaxNewTokens = settings.MaxNewTokens,
        StopStrings = settings.Stop,
        Seed = settings.Seed,
    };
}
