using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Makes a report from a sweep's record and its loss curves.</summary>
public static class ReportBuilder
{
    private const int CurvePoints = 240;

    /// <summary>The report; of a sweep that still runs it shows what is there.</summary>
    /// <param name="state">The sweep's record.</param>
    /// <param name="curves">Loss curves, as far as they are kept.</param>
    /// <param name="environment">Machine, versions and the like.</param>
    /// <param name="now">The sweep's clock.</param>
    /// <param name="details">What the files of the trials' evaluations say, by trial and evaluation, as far as they are kept.</param>
    /// <param name="driven">Whether a silo drives the sweep; where none does, nothing of it runs, whatever ran when its record was written.</param>
    public static SweepReport Build(
        SweepState state, IEnumerable<LossCurve> curves, IReadOnlyDictionary<string, string> environment, DateTimeOffset now,
        IReadOnlyDictionary<(string Trial, string Evaluation), ResultDetail>? details = null, bool driven = true) => Prepare(state, curves, environment, now, details, driven)();

    /// <summary>As <see cref="Build"/>, in two steps: what is of the record is taken now, and what it returns makes the report of that, which takes seconds for ten thousand trials and needs the record no more.</summary>
    public static Func<SweepReport> Prepare(
        SweepState state, IEnumerable<LossCurve> curves, IReadOnlyDictionary<string, string> environment, DateTimeOffset now,
        IReadOnlyDictionary<(string Trial, string Evaluation), ResultDetail>? details = null, bool driven = true)
    {
        var kept = curves.Where(curve => curve.Points.Count > 0).DistinctBy(curve => curve.Training).ToList();
        var firstLosses = kept.ToDictionary(curve => curve.Training, curve => curve.Points[0].Loss, StringComparer.Ordinal);
        var views = state.View().ToList();
        var trials = views.Select(view => Trial(state, driven || view.Phase == TrialPhase.Ended ? view : view with { Phase = TrialPhase.Waiting }, details, firstLosses)).ToList();
        var results = views.SelectMany(view => view.Results).ToList();
        var trainings = state.Grid.Trainings.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var axes = Axes(state.Spec);
        var metrics = MetricNames(state.Spec, trials);
        var search = state.Spec.Search;
        var endedAt = state.Header.EndedAt ?? now;
        var report = new SweepReport
        {
            Name = state.Origin.Sweep,
            Description = state.Spec.Description,
            Status = state.Header.Status,
            Interrupted = state.Header.Status == SweepStatus.Running && !driven,
            Counts = state.Count(),
            StartedAt = state.Origin.CreatedAt,
            EndedAt = endedAt,
            PrimaryMetric = metrics.FirstOrDefault(),
            Metrics = [],
            Trials = trials,
            DataArms = DataArm.Of(state.Spec, state.Origin.Mixes),
            Curves =
            [
                .. kept.Where(c => trainings.ContainsKey(c.Training)).Select(c => (Run: trainings[c.Training], c.Points))
                    .OrderBy(c => c.Run.Index)
                    .Select(c => new ReportCurve(c.Run.Name, c.Run.Model, c.Run.Peft, c.Run.Data, c.Run.Seed, CurveSmoothing.Thin(c.Points, CurvePoints))),
            ],
            Accounting = Account(state, trials, (endedAt - state.Origin.CreatedAt).TotalSeconds),
            Packs = Packs(state),
            Hashes = Hashes(state.Origin.Identities),
            Notes = [],
            Environment = environment,
            Spec = SweepSpecJson.Write(state.Spec),
        };
        var spec = state.Spec;
        return () =>
        {
            var summaries = metrics.Select(m => Summarise(trials, m, axes, search?.Metric == m ? search.Mode == "min" : null)).ToList();
            return report with { Metrics = summaries, Findings = Findings.Of(summaries), Samples = Samples(trials), Notes = ReportNotes.Of(spec, results, trials, summaries) };
        };
    }

    private static ReportTrial Trial(
        SweepState state, TrialView view, IReadOnlyDictionary<(string Trial, string Evaluation), ResultDetail>? details, Dictionary<string, double> firstLosses)
    {
        var metrics = new Dictionary<string, double>(view.Metrics, StringComparer.Ordinal);
        if (view.Adapter is { } adapter && double.IsFinite(adapter.FinalLoss)) metrics[MetricTraits.TrainingLoss] = adapter.FinalLoss;
        var known = view.Results.ToDictionary(
            r => r.Evaluation, r => details?.GetValueOrDefault((view.Trial.Name, r.Evaluation)) ?? new ResultDetail { Items = r.Items }, StringComparer.Ordinal);
        return new ReportTrial
        {
            Name = view.Trial.Name, Group = view.Trial.Group, Factors = view.Trial.Factors, Seed = view.Trial.Seed ?? 0, IsBase = view.Trial.IsUntuned, Base = view.Trial.Base,
            Status = view.Status, Phase = view.Phase, Metrics = metrics, Training = view.Training?.Name ?? "", SharedBy = view.Training?.Trials.Count ?? 1,
            LearningRate = view.Training?.LearningRate ?? 0, LearningRateSource = view.Training?.LearningRateSource ?? default,
            Attempts = view.Attempts, Fence = view.Fence, Pack = view.Pack, Split = view.Split, Slot = view.Slot, Steps = view.Step, Tokens = view.Adapter?.Tokens ?? 0,
            TrainingSeconds = view.Adapter?.Seconds ?? 0, EvaluationSeconds = view.Results.Sum(r => r.Seconds), Adapter = view.Adapter?.Uri, TakenOverFrom = view.TakenOverFrom, Failure = view.Failure,
            Details = known,
            FirstLoss = view.Training is { } training && firstLosses.TryGetValue(training.Name, out var first) ? first : null,
            GuessingLoss = metrics.TryGetValue(MetricTraits.TrainingLoss, out var loss) ? ReportNotes.GuessingLoss(loss, state.Origin.Vocabularies.GetValueOrDefault(view.Trial.Model)) : null,
            Files =
            [
                .. view.Adapter is { } trained ? (ReportFile[])[new("adapter", "", trained.Uri)] : [],
                .. view.Results.Where(r => r.Uri is not null).Select(r => new ReportFile("results", r.Evaluation, r.Uri!)),
                .. known.Where(d => d.Value.SamplesFile is not null).Select(d => new ReportFile("samples", d.Key, d.Value.SamplesFile!)),
            ],
        };
    }

    private static MetricSummary Summarise(IReadOnlyList<ReportTrial> trials, string metric, Dictionary<string, IReadOnlyList<string>> axes, bool? lowerIsBetter)
    {
        var summary = Aggregator.Summarise(trials, metric, axes, lowerIsBetter);
        var evaluation = MetricTraits.EvaluationOf(metric);
        var atLimit = trials.Where(t => t.Details.GetValueOrDefault(evaluation) is { AtLimit: not null, Items: > 0 }).GroupBy(t => t.Group, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => (double)g.Sum(t => t.Details[evaluation].AtLimit!.Value) / g.Sum(t => t.Details[evaluation].Items), StringComparer.Ordinal);
        return summary with
        {
            Groups = [.. summary.Groups.Select(g => atLimit.TryGetValue(g.Group, out var share) ? g with { AtLimit = share } : g)],
            Breakdown = Breakdowns.Of(trials, MetricTraits.Of(metric), summary.Groups.Select(g => g.Group)),
        };
    }

    /// <summary>Of each group and evaluation, the first trial that has a right or a wrong answer to show; of one that has both where there is one.</summary>
    private static List<GroupSamples> Samples(IReadOnlyList<ReportTrial> trials)
        => [.. trials.SelectMany(t => t.Details.Where(d => d.Value.Right is not null || d.Value.Wrong is not null).Select(d => new GroupSamples(d.Key, t.Group, t.Name, d.Value.Right, d.Value.Wrong)))
            .GroupBy(s => (s.Evaluation, s.Group)).Select(g => g.FirstOrDefault(s => s.Right is not null && s.Wrong is not null) ?? g.First())];

    private static List<ReportPack> Packs(SweepState state)
        => [.. state.Packs.Where(p => !p.IsUntuned).OrderBy(p => p.Index).Select(p => new ReportPack(
            p.Index, [.. p.Members.Select(m => state.Grid.Trainings[m.Training!.Value].Name)], p.Slot, p.Starts,
            Seconds(p.Members), p.Members.Sum(m => m.Adapter?.Tokens ?? 0)))];

    private static Dictionary<string, string> Hashes(SpecIdentities known)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, model) in known.Models)
        {
            Add($"model {name}", model.Content);
            Add($"tokenizer of {name}", model.Tokenizer);
        }
        foreach (var (name, sources) in known.Sources)
            foreach (var (hash, i) in sources.Select((hash, i) => (hash, i))) Add(sources.Count == 1 ? $"data {name}" : $"data {name}, source {i + 1}", hash);
        foreach (var (name, hash) in known.Templates) Add($"template of {name}", hash);
        foreach (var (name, hash) in known.Suites) Add($"evaluation {name}", hash);
        Add("code that makes numbers", known.Code);
        return hashes;

        void Add(string what, string? hash)
        {
            if (hash is not null) hashes[what] = hash;
        }
    }

    private static Dictionary<string, IReadOnlyList<string>> Axes(SweepSpec spec) => new(StringComparer.Ordinal)
    {
        ["model"] = [.. spec.Models.Select(m => m.Name)], ["peft"] = [.. spec.Peft.Select(p => p.Name)],
        ["data"] = [.. spec.Data.Select(d => d.Name)], ["cot"] = [.. spec.Cot.Select(c => c.Name)],
    };

    /// <summary>
    /// The search's metric, then the evaluations' in the order of the file, then the training loss. Standard errors are no metrics.
    /// </summary>
    private static List<string> MetricNames(SweepSpec spec, List<ReportTrial> trials)
    {
        var seen = trials.SelectMany(t => t.Metrics.Keys).Distinct(StringComparer.Ordinal).Where(m => !m.Contains("stderr", StringComparison.Ordinal))
            .ToList();
        return
        [
            .. seen.Where(m => m == spec.Search?.Metric)
                .Concat(spec.Evaluation.SelectMany(e => seen.Where(m => m.StartsWith(e.Name + "/", StringComparison.Ordinal))))
                .Concat(seen.Where(m => m == MetricTraits.TrainingLoss)).Distinct(StringComparer.Ordinal),
        ];
    }

    private static Accounting Account(SweepState state, List<ReportTrial> trials, double wallSeconds)
    {
        var members = state.Packs.SelectMany(p => p.Members).Where(m => m.Adapter is not null).ToList();
        return new Accounting(
            state.Grid.Trainings.Count, state.Packs.Count(p => !p.IsUntuned), state.Packs.Sum(p => p.Starts), state.Header.NextFence - 1, state.Header.StaleReports, state.Header.DuplicateReports,
            trials.Count(t => t.TakenOverFrom is not null), members.Sum(m => m.Adapter!.Tokens), Seconds(members),
            trials.Sum(t => t.EvaluationSeconds), wallSeconds);
    }

    /// <summary>Members of a pack train together: the time of a fence is theirs in common, and is counted once. What was taken over cost nothing here.</summary>
    private static double Seconds(IEnumerable<MemberState> members)
        => members.Where(m => m.Adapter is { Fence: > 0 }).GroupBy(m => m.Adapter!.Fence).Sum(together => together.Max(m => m.Adapter!.Seconds));
}
