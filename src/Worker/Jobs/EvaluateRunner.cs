using System.Text.Json;
using System.Text.Json.Nodes;
using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>
/// Asks trained adapters their trials' questions on the loaded base; suites that trials share are read once. What cannot be asked of one trial fails that evaluation of that trial;
/// what says nothing about it (a crash, no memory, a full disk) ends the job, which is given anew.
/// </summary>
internal sealed class EvaluateRunner : IDisposable
{
    private readonly EvaluateJob _job;
    private readonly LoadedBase _model;
    private readonly JobContext _context;
    private readonly AdapterBank _bank;
    private readonly InferenceEngine _engine;
    private readonly Dictionary<string, ISuite> _suites = new(StringComparer.Ordinal);

    private EvaluateRunner(EvaluateJob job, LoadedBase model, JobContext context)
    {
        (_job, _model, _context) = (job, model, context);
        _bank = new AdapterBank(model.Decoder);
        var whole = new EngineOptions();
        int Part(int of) => Math.Max(1, of / Math.Max(1, job.MemoryDivisor));
        _engine = new InferenceEngine(
            model.Decoder, model.Tokenizer, _bank,
            whole with { MaxBatch = Part(whole.MaxBatch), MaxPrefillTokens = Part(whole.MaxPrefillTokens), MaxCacheTokens = Part(whole.MaxCacheTokens) });
    }

    /// <summary>Evaluates all that the job holds and reports each.</summary>
    public static void Run(EvaluateJob job, JobContext context)
    {
        Directory.SetCurrentDirectory(job.BaseDirectory);
        Threads.Count = job.Threads;
        context.Progress("load", 0, 1, note: job.Base.Path);
        using var runner = new EvaluateRunner(job, context.State.Base(job.Base, job.Folders, job.BaseFiles), context);
        foreach (var member in job.Members) runner.Run(member);
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private void Run(EvaluateMember member)
    {
        BankedAdapter? loaded = null;
        try
        {
            foreach (var trial in member.Trials)
                foreach (var declaration in trial.Evaluation.EnumerateArray())
                {
                    _context.Stop.ThrowIfCancellationRequested();
                    var name = declaration.GetProperty("name").GetString()!;
                    try
                    {
                        loaded ??= new BankedAdapter(_bank, AdapterDirectory.Load(_model.Decoder, member.Adapter), TemplateFile.Resolve(member.Adapter));
                        Run(trial, declaration, loaded);
                    }
                    catch (Exception e) when (Failures.KindOf(e) is FailureKind.Data or FailureKind.NonFinite)
                    {
                        _context.Send(new EvaluationFailedEvent(_context.Assignment, _context.Fence, trial.Name, name, Failures.KindOf(e), Failures.Describe(e)));
                    }
                }
        }
        finally
        {
            loaded?.Dispose();
        }
    }

    private void Run(EvaluateTrial trial, JsonElement declaration, BankedAdapter adapter)
    {
        var began = _context.Time.GetTimestamp();
        var result = EvaluationRunner.Run(
            [SuiteOf(declaration)], _engine, adapter.Index, adapter.Template, trial.Cue, Decodings.Of(trial.Decoding),
            progress => _context.Progress("evaluate", progress.Done, progress.Total, trial.Name, note: progress.Suite), _context.Stop)[0];
        var elapsed = _context.Time.GetElapsedTime(began);
        var run = new RunDescription
        {
            ModelName = trial.Name, ModelArguments = $"pretrained={_model.Path}", Parameters = _model.Decoder.Parameters.Values.Sum(p => p.numel()), Dtype = _model.Decoder.Dtype.ToString(),
            Tokenizer = _model.Tokenizer, MaxLength = _engine.MaxLength, Template = adapter.Template.Name, Cue = trial.Cue,
        };
        var files = ResultFiles.Write(Path.Combine(_job.Directory, "results"), run, [result], elapsed, _context.Time);
        var (metrics, name) = (Figures(result), declaration.GetProperty("name").GetString()!);
        _context.Send(new ResultEvent(_context.Assignment, _context.Fence, trial.Name, name, metrics, result.Effective, files.Results, elapsed.TotalSeconds, result.Prompts.TooLong));
        SharedFolders.Share(
            _job.Folders, trial.SharedKeys.GetValueOrDefault(name), files.Results,
            new SharedResult(_job.Sweep, metrics, result.Effective, elapsed.TotalSeconds, Path.GetFileName(files.Results), result.Prompts.TooLong));
    }

    /// <summary>Metrics of a suite that have a value; those of its cells, and why others have none, are in the result file.</summary>
    private static Dictionary<string, double> Figures(SuiteResult result)
        => result.Metrics.Where(metric => metric.Value is not null).ToDictionary(metric => metric.Key, metric => metric.Value!.Value, StringComparer.Ordinal);

    private ISuite SuiteOf(JsonElement declaration)
    {
        var text = declaration.GetRawText();
        return _suites.TryGetValue(text, out var known) ? known : _suites[text] = SuiteDeclarations.Create(JsonNode.Parse(text)!, _job.Folders.Datasets);
    }

    /// <summary>An adapter while it is asked.</summary>
    private sealed class BankedAdapter(AdapterBank bank, Adapter adapter, PromptTemplate template) : IDisposable
    {
        public int Index { get; } = bank.Add(adapter);

        public PromptTemplate Template => template;

        public void Dispose()
        {
            bank.Remove(Index);
            adapter.Dispose();
        }
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
        MaxNewTokens = settings.MaxNewTokens,
        StopStrings = settings.Stop,
        Seed = settings.Seed,
    };
}
