using System.Globalization;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Methods;

namespace AlpacaCot.Experiments.Aggregation;

/// <summary>What the reader should know before believing the numbers.</summary>
internal static class ReportNotes
{
    /// <summary>A loss that is this near to that of guessing is no better.</summary>
    private const double ShareOfGuessing = 0.95;

    /// <summary>Trainings that a note names; the table of trials has the others.</summary>
    private const int MostNamed = 8;

    /// <summary>Answers that end at the limit of their length are told from this share on; a few do in most evaluations.</summary>
    private const double ManyAtLimit = 0.02;

    /// <param name="spec">The sweep.</param>
    /// <param name="results">What its trials were answered.</param>
    /// <param name="trials">Its trials.</param>
    /// <param name="metrics">What their metrics say.</param>
    public static IReadOnlyList<string> Of(SweepSpec spec, IReadOnlyList<EvaluationResult> results, IReadOnlyList<ReportTrial> trials, IReadOnlyList<MetricSummary> metrics)
    {
        var notes = new List<string>();
        notes.AddRange(Intervals(spec.Seeds.Count, metrics));
        notes.AddRange(Guessing(trials));
        if (metrics.Any(m => m.Factors.Any(f => !f.Balanced)))
            notes.Add("Not every combination has every trial: the means of such a factor are over the combinations that all its values have, where there are some. Differences are paired and compare like with like.");
        if (trials.Count(t => t.Status == TrialStatus.Failed) is var failed and > 0)
            notes.Add(Text($"{failed} {(failed == 1 ? "trial has" : "trials have")} failed; the means lack what {(failed == 1 ? "it has" : "they have")} no result for."));
        if (trials.Where(t => t.TakenOverFrom is not null).ToList() is { Count: > 0 } taken)
            notes.Add(Text($"{taken.Count} of {trials.Count} trials were taken over from {string.Join(", ", taken.Select(t => t.TakenOverFrom).Distinct())}, which had computed them with equal keys; --fresh computes them anew."));
        if (trials.Any(t => t.Split))
            notes.Add("A pack ran out of memory twice and was split: the numbers of its trials may differ within rounding from an undisturbed run's.");
        notes.AddRange(CutPrompts(results));
        notes.AddRange(AtLimit(trials, spec.Decoding.MaxNewTokens));
        var rates = trials.Where(t => !t.IsBase).GroupBy(t => (t.Factors["peft"], t.LearningRate, t.LearningRateSource)).Select(g => g.Key).ToList();
        notes.Add("Learning rates: " + string.Join(", ", rates.Select(r => Text($"{r.Item1} {r.LearningRate:0.######} ({Words(r.LearningRateSource)})"))) + ".");
        return notes;
    }

    private static IEnumerable<string> Intervals(int seeds, IReadOnlyList<MetricSummary> metrics)
    {
        var estimates = metrics.Select(m => (m.Metric, Estimates: m.Groups.Select(g => g.Estimate).ToList())).Where(m => m.Estimates.Count > 0).ToList();
        var withItems = estimates.Where(m => m.Estimates.All(e => e.Items > 1)).Select(m => m.Metric).ToList();
        var without = estimates.Select(m => m.Metric).Except(withItems).ToList();
        if (seeds == 1)
            yield return withItems.Count > 0
                ? "One seed: intervals hold the choice of the evaluation's items alone, there is no p, and a difference between tuned groups cannot be told from luck."
                : "One seed: there are no intervals, and a difference cannot be told from luck.";
        else if (withItems.Count > 0)
            yield return Text($"Intervals are 95 % and hold what the seed changes ({seeds} seeds) and the choice of the evaluation's items; those of shares stay within 0 and 1. Differences are paired by seed and by item.");
        else
            yield return Text($"Intervals are 95 % over {seeds} seeds. They hold what the seed changes, and not the choice of the evaluation's items.");
        if (seeds == 2) yield return "Two seeds: what the seed changes has one degree of freedom, and intervals that hold it are very wide.";
        if (seeds > 1 && withItems.Count > 0 && without.Count > 0)
            yield return $"Of {string.Join(", ", without)} the items' noise is not known: those intervals hold the seeds' alone.";
    }

    /// <summary>
    /// Trainings that ended at the loss of guessing every token alike, ln of the vocabulary's size. One that began below has lost what its base could do; one that began there, or above, is of texts that
    /// its base did not know, and has not learnt them.
    /// </summary>
    internal static IEnumerable<string> Guessing(IReadOnlyList<ReportTrial> trials)
    {
        var guessing = trials.DistinctBy(t => t.Training).Where(t => t.GuessingLoss is not null).ToLookup(t => t.FirstLoss >= ShareOfGuessing * t.GuessingLoss);
        if (guessing[false].ToList() is { Count: > 0 } destroyed)
            yield return $"{(destroyed.Count == 1 ? "One training is" : $"{destroyed.Count} trainings are")} destroyed: the loss at the end is that of guessing among all tokens: {Named(destroyed)}. A lower learning rate is the first thing to try.";
        if (guessing[true].ToList() is { Count: > 0 } strange)
            yield return $"{(strange.Count == 1 ? "One training has" : $"{strange.Count} trainings have")} not learnt what was taught: the loss began no better than that of guessing among all tokens, since the base did not know such texts, and is no better at the end: {Named(strange)}. More steps or a higher learning rate are the first things to try.";
    }

    private static string Named(List<ReportTrial> trainings)
        => string.Join(", ", trainings.Take(MostNamed).Select(t => Text($"{t.Training} ({(t.FirstLoss is { } first ? Text($"{first:0.00} to ") : "")}{t.Metrics[MetricTraits.TrainingLoss]:0.00}; guessing has {t.GuessingLoss:0.00})"))) + (trainings.Count > MostNamed ? ", …" : "");

    /// <summary>The loss of guessing, where a training ended there; null where it learned something, or the vocabulary is not known.</summary>
    public static double? GuessingLoss(double loss, int vocabulary) => vocabulary > 1 && loss >= ShareOfGuessing * Math.Log(vocabulary) ? Math.Log(vocabulary) : null;

    private static IEnumerable<string> AtLimit(IReadOnlyList<ReportTrial> trials, int maxNewTokens)
    {
        foreach (var evaluation in trials.SelectMany(t => t.Details.Select(d => (t.Group, d.Key, d.Value))).Where(d => d.Value is { AtLimit: not null, Items: > 0 }).GroupBy(d => d.Key))
        {
            var share = (double)evaluation.Sum(d => d.Value.AtLimit!.Value) / evaluation.Sum(d => d.Value.Items);
            var most = evaluation.GroupBy(d => d.Group).Select(g => (Group: g.Key, Share: (double)g.Sum(d => d.Value.AtLimit!.Value) / g.Sum(d => d.Value.Items))).MaxBy(g => g.Share);
            if (most.Share < ManyAtLimit) continue;
            yield return Text($"{evaluation.Key}: {100 * share:0.#} % of the answers ended at the limit of {maxNewTokens} new tokens, the largest share under {most.Group} ({100 * most.Share:0.#} %). What was cut off may have been right: raise decoding.max_new_tokens to see.");
        }
    }

    /// <summary>A note for each evaluation some of whose prompts did not fit a model.</summary>
    internal static IEnumerable<string> CutPrompts(IEnumerable<EvaluationResult> results)
        => results.Where(r => r.PromptsCut > 0).GroupBy(r => r.Evaluation, StringComparer.Ordinal).Select(evaluation => Text(
            $"{evaluation.Key}: prompts were longer than the model's positions and lost their beginning, up to {evaluation.Max(r => r.PromptsCut)} of {evaluation.Max(r => r.Items)} in {(evaluation.Count() == 1 ? "one trial" : $"each of {evaluation.Count()} trials")}."));

    internal static string Words(LearningRateSource source) => source switch
    {
        LearningRateSource.Adapter => "its own",
        LearningRateSource.Training => "the sweep's",
        _ => "the method's default",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
