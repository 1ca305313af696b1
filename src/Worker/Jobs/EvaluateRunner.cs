using AlpacaCot.Adapters;
using AlpacaCot.Data.Templates;
using AlpacaCot.Evaluation;
using AlpacaCot.Evaluation.Results;
using AlpacaCot.Evaluation.Suites;
using AlpacaCot.Inference;
using AlpacaCot.Kernels.Native;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>
/// Asks trained adapters, and the base as it is, their trials' questions on the loaded base; suites that trials share are read once. What cannot be asked of one trial fails that evaluation of that trial;
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
        var whole = new EngineOptions { Stepping = () => context.Beat(WorkPhases.Generate) };
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
        context.Beat(WorkPhases.Load);
        context.Progress("load", 0, 1, note: job.Base.Path);
        // Those that trained the base itself left whole models, which are loaded in its place, one after the other.
        var members = job.Members.ToLookup(member => member.Adapter is { } folder && AdapterDirectory.IsWholeModel(folder));
        if (members[false].Any())
        {
            using var runner = new EvaluateRunner(job, context.State.Base(job.Base, job.Folders, job.BaseFiles), context);
            foreach (var member in members[false]) runner.Run(member);
        }
        foreach (var member in members[true])
        {
            context.Beat(WorkPhases.Load);
            try
            {
                using var runner = new EvaluateRunner(job, context.State.Base(job.Base with { Path = member.Adapter! }, job.Folders), context);
                runner.Run(member, whole: true);
            }
            finally
            {
                // A later training may leave another model in the same folder.
                context.State.Forget();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private void Run(EvaluateMember member, bool whole = false)
    {
        BankedAdapter? loaded = null;
        Asked Trained()
        {
            if (whole) return Asked.Whole(TemplateFile.Resolve(member.Adapter!));
            loaded ??= new BankedAdapter(_bank, AdapterDirectory.Load(_model.Decoder, member.Adapter!), TemplateFile.Resolve(member.Adapter!));
            return loaded.Asked;
        }
        try
        {
            foreach (var trial in member.Trials)
                foreach (var evaluation in trial.Evaluation)
                {
                    _context.Stop.ThrowIfCancellationRequested();
                    try
                    {
                        Run(trial, evaluation, member.Adapter is null ? Asked.Base(trial.Template, _model) : Trained());
                    }
                    catch (Exception e) when (Failures.KindOf(e) is FailureKind.Data or FailureKind.NonFinite)
                    {
                        _context.Send(new EvaluationFailedEvent(_context.Assignment, _context.Fence, trial.Name, evaluation.Name, Failures.KindOf(e), Failures.Describe(e)));
                    }
                }
        }
        finally
        {
            loaded?.Dispose();
        }
    }

    private void Run(EvaluateTrial trial, EvaluationSpec evaluation, Asked asked)
    {
        _context.Beat(WorkPhases.Prepare);
        var began = _context.Time.GetTimestamp();
        asked = asked with { Template = ConversationForms.In(asked.Template, trial.Language) };
        var result = EvaluationRunner.Run(
            [SuiteOf(evaluation)], _engine, asked.Index, asked.Template, trial.Cue, Decodings.Of(trial.Decoding, _model.Tokenizer, trial.Seed), progress => Told(trial, progress), _context.Stop)[0];
        var elapsed = _context.Time.GetElapsedTime(began);
        var run = new RunDescription
        {
            ModelName = trial.Name, ModelArguments = $"pretrained={_model.Path}", Parameters = _model.Decoder.Parameters.Values.Sum(p => p.numel()), Dtype = _model.Decoder.Dtype.ToString(),
            Tokenizer = _model.Tokenizer, MaxLength = _engine.MaxLength, Template = asked.Template.Name, Cue = trial.Cue,
        };
        var files = ResultFiles.Write(Path.Combine(_job.Directory, "results"), run, [result], elapsed, _context.Time);
        var metrics = Figures(result);
        _context.Send(new ResultEvent(_context.Assignment, _context.Fence, trial.Name, evaluation.Name, metrics, result.Effective, files.Results, elapsed.TotalSeconds, result.Prompts.TooLong));
        SharedFolders.Share(
            _job.Folders, trial.SharedKeys.GetValueOrDefault(evaluation.Name), [files.Results, .. files.Samples.Values],
            new SharedResult(_job.Sweep, metrics, result.Effective, elapsed.TotalSeconds, Path.GetFileName(files.Results), result.Prompts.TooLong));
    }

    private void Told(EvaluateTrial trial, SuiteProgress progress)
    {
        _context.Progress("evaluate", progress.Done, progress.Total, trial.Name, note: progress.Suite);
        // The engine has no more steps to take, and answers may take longer to score than any step took.
        if (progress.Done == progress.Total) _context.Beat(WorkPhases.Score);
    }

    /// <summary>Metrics of a suite that have a value; those of its cells, and why others have none, are in the result file.</summary>
    private static Dictionary<string, double> Figures(SuiteResult result)
        => result.Metrics.Where(metric => metric.Value is not null).ToDictionary(metric => metric.Key, metric => metric.Value!.Value, StringComparer.Ordinal);

    /// <exception cref="EvaluationException">The suite cannot be had, or asks something else than when the sweep was checked.</exception>
    private ISuite SuiteOf(EvaluationSpec evaluation)
    {
        var key = CanonicalJson.Write(SweepSpecJson.Evaluation(evaluation));
        if (_suites.TryGetValue(key, out var known)) return known;
        var suite = SuiteDeclarations.Create(evaluation, _job.Folders.Datasets);
        if (_job.SuiteContent.TryGetValue(evaluation.Name, out var content) && SuiteDeclarations.ContentOf(suite, _job.Folders.Datasets) != content)
            throw new EvaluationException($"the items of {evaluation.Name} have changed since the sweep was checked: put its files back and resume with --retry-failed, or run the sweep under a new name");
        return _suites[key] = suite;
    }

    /// <summary>Who is asked: an adapter of the bank, or the base itself, and the template that it is asked through.</summary>
    private sealed record Asked(int Index, IConversationForm Template)
    {
        private const int NoAdapter = -1;

        public static Asked Whole(IConversationForm template) => new(NoAdapter, template);

        public static Asked Base(string? template, LoadedBase model) => new(NoAdapter, ConversationForms.Get(template ?? PromptTemplates.Default, model.Tokenizer, model.Path));
    }

    /// <summary>An adapter while it is asked.</summary>
    private sealed class BankedAdapter(AdapterBank bank, Adapter adapter, IConversationForm template) : IDisposable
    {
        public Asked Asked { get; } = new(bank.Add(adapter), template);

        public void Dispose()
        {
            bank.Remove(Asked.Index);
            adapter.Dispose();
        }
    }
}
