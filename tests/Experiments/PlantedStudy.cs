using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Tests.Experiments;

/// <summary>
/// A study whose truth is known: one model, two methods, two data mixes, two ways of asking, three seeds and 100 items. Each item has a difficulty of its own, which all trials share, and is
/// solved with the chance that is planted for its group.
/// </summary>
internal sealed class PlantedStudy
{
    public const string Metric = "sums/exact_match";

    public static readonly Dictionary<string, IReadOnlyList<string>> Axes = new()
    {
        ["model"] = ["m"], ["peft"] = ["lora", "ia3"], ["data"] = ["answers", "rationales"], ["cot"] = ["plain", "cue"],
    };

    /// <summary>Chance that a group's trial solves an item of mean difficulty.</summary>
    public required Func<string, string, string, double> Tuned { get; init; }

    /// <summary>The same of the untuned base; null for a sweep without.</summary>
    public Func<string, double>? Base { get; init; }

    public int Seeds { get; init; } = 3;

    public int Items { get; init; } = 100;

    /// <summary>How much a seed shifts the chance of all its items.</summary>
    public double BySeed { get; init; } = 0.02;

    public IReadOnlyList<ReportTrial> Trials
    {
        get
        {
            var random = new Random(5);
            double[] difficulty = [.. Enumerable.Range(0, Items).Select(_ => 0.2 * (random.NextDouble() - 0.5))];
            var trials = new List<ReportTrial>();
            foreach (var peft in Axes["peft"])
                foreach (var data in Axes["data"])
                    for (var seed = 0; seed < Seeds; seed++)
                    {
                        // Ways of asking share a training, and with it what its seed does.
                        var shift = 2 * BySeed * (random.NextDouble() - 0.5);
                        trials.AddRange(Axes["cot"].Select(cot => Trial(peft, data, cot, seed, Answers(random, difficulty, Tuned(peft, data, cot), shift))));
                    }
            if (Base is not null) trials.AddRange(Axes["cot"].Select(cot => Trial("base", "answers", cot, 0, Answers(random, difficulty, Base(cot), 0))));
            return trials;
        }
    }

    public MetricSummary Summary => Aggregator.Summarise(Trials, Metric, Axes);

    public IReadOnlyList<string> Sentences => Findings.Of([Summary]);

    public static ReportTrial Trial(string peft, string data, string cot, int seed, double[] answers)
    {
        var group = $"m+{peft}+{data}+{cot}";
        return new ReportTrial
        {
            Name = $"{group}+s{seed}", Group = group, Seed = seed, Status = TrialStatus.Succeeded, Training = $"m+{peft}+{data}+s{seed}",
            Factors = new Dictionary<string, string> { ["model"] = "m", ["peft"] = peft, ["data"] = data, ["cot"] = cot, ["seed"] = $"{seed}" },
            Metrics = new Dictionary<string, double> { [Metric] = answers.Average() },
            IsBase = peft == "base", Base = peft == "base" ? null : $"m+base+answers+{cot}",
            Details = new Dictionary<string, ResultDetail>
            {
                ["sums"] = new() { Items = answers.Length, Scores = new Dictionary<string, ItemScores> { ["exact_match"] = new(answers) } },
            },
        };
    }

    private static double[] Answers(Random random, double[] difficulty, double chance, double shift)
        => [.. difficulty.Select(d => chance is 0 or 1 ? chance : random.NextDouble() < chance + shift + d ? 1.0 : 0)];
}
