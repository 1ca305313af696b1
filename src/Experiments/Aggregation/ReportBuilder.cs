using System.Globalization;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>Makes a report from a sweep's record and its loss curves.</summary>
public static class ReportBuilder
{
    private const string TrainingLoss = "training/loss";
    private const int CurvePoints = 240;

    /// <summary>The report; of a sweep that still runs it shows what is there.</summary>
    /// <param name="state">The sweep's record.</param>
    /// <param name="curves">Loss curves, as far as they are kept.</param>
    /// <param name="environment">Machine, versions and the like.</param>
    /// <param name="now">The sweep's clock.</param>
    public static SweepReport Build(
        SweepState state, IEnumerable<LossCurve> curves, IReadOnlyDictionary<string, string> environment, DateTimeOffset now)
    {
        var trials = state.View().Select(Trial).ToList();
        var trainings = state.Grid.Trainings.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var axes = Axes(state.Spec);
        var metrics = MetricNames(state.Spec, trials);
        var search = state.Spec.Search;
        var endedAt = state.Header.EndedAt ?? now;
        var summaries = metrics.Select(m => Aggregator.Summarise(trials, m, axes, search?.Metric == m ? search.Mode == "min" : null)).ToList();
        return new SweepReport
        {
            Name = state.Origin.Sweep,
            Description = state.Spec.Description,
            Status = state.Header.Status,
            Counts = state.Count(),
            StartedAt = state.Origin.CreatedAt,
            EndedAt = endedAt,
            PrimaryMetric = metrics.FirstOrDefault(),
            Metrics = summaries,
            Trials = trials,
            Curves =
            [
                .. curves.Where(c => c.Points.Count > 0 && trainings.ContainsKey(c.Training)).Select(c => (Run: trainings[c.Training], c.Points))
                    .OrderBy(c => c.Run.Index)
                    .Select(c => new ReportCurve(c.Run.Name, c.Run.Model, c.Run.Peft, c.Run.Data, c.Run.Seed, CurveSmoothing.Thin(c.Points, CurvePoints))),
            ],
            Accounting = Account(state, trials, (endedAt - state.Origin.CreatedAt).TotalSeconds),
            Notes = Notes(state, trials, summaries),
            Environment = environment,
            Spec = state.Origin.Spec,
        };
    }

    private static ReportTrial Trial(TrialView view)
    {
        var metrics = new Dictionary<string, double>(view.Metrics, StringComparer.Ordinal);
        if (view.Adapter is { } adapter && double.IsFinite(adapter.FinalLoss)) metrics[TrainingLoss] = adapter.FinalLoss;
        return new ReportTrial
        {
            Name = view.Trial.Name, Group = view.Trial.Group, Factors = view.Trial.Factors, Seed = view.Trial.Seed, Status = view.Status, Metrics = metrics,
            Training = view.Training.Name, SharedBy = view.Training.Trials.Count, LearningRate = view.Training.LearningRate, LearningRateSource = view.Training.LearningRateSource,
            Attempts = view.Attempts, Fence = view.Fence, Pack = view.Pack, Split = view.Split, Slot = view.Slot, Steps = view.Step, Tokens = view.Adapter?.Tokens ?? 0,
            TrainingSeconds = view.Adapter?.Seconds ?? 0, EvaluationSeconds = view.Results.Sum(r => r.Seconds), Adapter = view.Adapter?.Uri, TakenOverFrom = view.TakenOverFrom, Failure = view.Failure,
        };
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
                .Concat(seen.Where(m => m == TrainingLoss)).Distinct(StringComparer.Ordinal),
        ];
    }

    private static Accounting Account(SweepState state, List<ReportTrial> trials, double wallSeconds)
    {
        var members = state.Packs.SelectMany(p => p.Members).Where(m => m.Adapter is not null).ToList();
        // Members of a pack train together: the time of a fence is theirs in common, and is counted once. What was taken over cost nothing here.
        var trainingSeconds = members.Where(m => m.Adapter!.Fence > 0).GroupBy(m => m.Adapter!.Fence).Sum(together => together.Max(m => m.Adapter!.Seconds));
        return new Accounting(
            state.Grid.Trainings.Count, state.Packs.Count(), state.Packs.Sum(p => p.Starts), state.Header.NextFence - 1, state.Header.StaleReports, state.Header.DuplicateReports,
            trials.Count(t => t.TakenOverFrom is not null), members.Sum(m => m.Adapter!.Tokens), trainingSeconds,
            trials.Sum(t => t.EvaluationSeconds), wallSeconds);
    }

    private static List<string> Notes(SweepState state, List<ReportTrial> trials, List<MetricSummary> metrics)
    {
        var notes = new List<string>();
        var seeds = state.Spec.Seeds.Count;
        notes.Add(seeds switch
        {
            1 => "One seed: there are no intervals, and a difference cannot be told from luck.",
            2 => "Two seeds: intervals have one degree of freedom and are very wide.",
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"Intervals are 95 % t intervals over {seeds} seeds. They hold what the seed changes, and not the choice of the evaluation's items."),
        });
        if (metrics.Any(m => m.Factors.Any(f => !f.Balanced)))
            notes.Add("Not every combination has every trial: the means of such a factor are over the combinations that all its values have, where there are some. Differences are paired and compare like with like.");
        if (trials.Count(t => t.Status == TrialStatus.Failed) is var failed and > 0)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{failed} {(failed == 1 ? "trial has" : "trials have")} failed; the means lack what {(failed == 1 ? "it has" : "they have")} no result for."));
        if (trials.Where(t => t.TakenOverFrom is not null).ToList() is { Count: > 0 } taken)
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{taken.Count} of {trials.Count} trials were taken over from {string.Join(", ", taken.Select(t => t.TakenOverFrom).Distinct())}, which had computed them with equal keys; --fresh computes them anew."));
        if (trials.Any(t => t.Split))
            notes.Add("A pack ran out of memory twice and was split: the numbers of its trials may differ within rounding from an undisturbed run's.");
        notes.AddRange(CutPrompts(state.View().SelectMany(t => t.Results)));
        var rates = trials.GroupBy(t => (t.Factors["peft"], t.LearningRate, t.LearningRateSource)).Select(g => g.Key).ToList();
        notes.Add("Learning rates: " + string.Join(", ", rates.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Item1} {r.LearningRate:0.######} ({Words(r.LearningRateSource)})"))) + ".");
        return notes;
    }

    /// <summary>A note for each evaluation some of whose prompts did not fit a model.</summary>
    internal static IEnumerable<string> CutPrompts(IEnumerable<EvaluationResult> results)
        => results.Where(r => r.PromptsCut > 0).GroupBy(r => r.Evaluation, StringComparer.Ordinal).Select(evaluation => string.Create(
            CultureInfo.InvariantCulture,
            $"{evaluation.Key}: prompts were longer than the model's positions and lost their beginning, up to {evaluation.Max(r => r.PromptsCut)} of {evaluation.Max(r => r.Items)} in {(evaluation.Count() == 1 ? "one trial" : $"each of {evaluation.Count()} trials")}."));

    internal static string Words(LearningRateSource source) => source switch
    {
        LearningRateSource.Adapter => "its own",
        LearningRateSource.Training => "the sweep's",
        _ => "the method's default",
    };
}
