using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Scheduling;

namespace AlpacaCot.Tests.Experiments;

public sealed class AggregatorTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> Axes = new() { ["model"] = ["m"], ["peft"] = ["a", "b"], ["data"] = ["x", "y"], ["cot"] = ["none"] };

    private static ReportTrial Trial(string peft, string data, int seed, double value, string metric = "s/acc") => new()
    {
        Name = $"m+{peft}+{data}+none+s{seed}", Group = $"m+{peft}+{data}+none", Seed = seed, Status = TrialStatus.Succeeded, Training = "t", Metrics = new Dictionary<string, double> { [metric] = value },
        Factors = new Dictionary<string, string> { ["model"] = "m", ["peft"] = peft, ["data"] = data, ["cot"] = "none", ["seed"] = $"{seed}" },
    };

    /// <summary>b is 0.1 better than a up to what the seed does; y is 0.2 better than x.</summary>
    private static List<ReportTrial> Grid(double noise = 0.01) =>
    [
        .. from peft in (string[])["a", "b"] from data in (string[])["x", "y"] from seed in Enumerable.Range(0, 3)
           select Trial(peft, data, seed, 0.5 + 0.1 * seed + (peft == "b" ? 0.1 + noise * (seed - 1) : 0) + (data == "y" ? 0.2 : 0)),
    ];

    [Fact]
    public void Summarise_FullGrid_MarginalMeansAreOverSeeds()
    {
        var summary = Aggregator.Summarise(Grid(), "s/acc", Axes);
        var peft = summary.Factors.Single(f => f.Factor == "peft");

        Assert.Equal(["peft", "data"], summary.Factors.Select(f => f.Factor));
        Assert.True(peft.Balanced);
        Assert.Equal([0.7, 0.8], peft.Levels.Select(l => Math.Round(l.Estimate.Mean, 12)));
        Assert.Equal([0.6, 0.7, 0.8], peft.Levels[0].Estimate.Values.Select(v => Math.Round(v, 12)));
        // t(0.975, 2) = 4.302652729749462; s = 0.1, n = 3.
        Assert.Equal(4.302652729749462 * 0.1 / Math.Sqrt(3), peft.Levels[0].Estimate.High!.Value - 0.7, 9);
    }

    [Fact]
    public void Summarise_Comparisons_ArePairedSoThatSeedsCancel()
    {
        var comparison = Aggregator.Summarise(Grid(), "s/acc", Axes).Factors.Single(f => f.Factor == "peft").Comparisons.Single();

        Assert.Equal(("a", "b", 2), (comparison.Reference, comparison.Name, comparison.Cells));
        Assert.Equal(0.1, comparison.Difference.Mean, 12);
        Assert.True(comparison.Difference.Low > 0.07 && comparison.Difference.High < 0.13, "the seeds' own spread must not widen the paired interval");
        Assert.True(comparison.P < 0.01 && comparison.AdjustedP >= comparison.P);
    }

    [Fact]
    public void Summarise_SeveralComparisons_HolmCountsAllOfThem()
    {
        // Effects of 0.1, 0.02 and 0.05, each with a spread of 0.01 over three seeds. With two degrees of freedom p = 1 − t / √(t² + 2).
        double Effect(double mean, int seed) => mean + 0.01 * (seed - 1);
        var trials =
            from peft in (string[])["a", "b", "c"] from data in (string[])["x", "y"] from seed in Enumerable.Range(0, 3)
            select Trial(peft, data, seed, 0.3 * seed + (peft == "b" ? Effect(0.1, seed) : peft == "c" ? Effect(0.02, seed) : 0) + (data == "y" ? Effect(0.05, seed) : 0));
        double P(double mean)
        {
            var t = mean / (0.01 / Math.Sqrt(3));
            return 1 - t / Math.Sqrt(t * t + 2);
        }
        var axes = new Dictionary<string, IReadOnlyList<string>>(Axes) { ["peft"] = ["a", "b", "c"] };
        var comparisons = Aggregator.Summarise([.. trials], "s/acc", axes).Factors.SelectMany(f => f.Comparisons).ToDictionary(c => c.Name);

        foreach (var (name, mean, times) in ((string, double, int)[])[("b", 0.1, 3), ("y", 0.05, 2), ("c", 0.02, 1)])
        {
            Assert.Equal(P(mean), comparisons[name].P!.Value, 1e-9);
            Assert.Equal(times * P(mean), comparisons[name].AdjustedP!.Value, 1e-9);
        }
    }

    [Fact]
    public void Summarise_MissingTrial_ComparesOnlyWhatBothHave()
    {
        var trials = Grid().Where(t => t.Name != "m+b+y+none+s2").ToList();
        var peft = Aggregator.Summarise(trials, "s/acc", Axes).Factors.Single(f => f.Factor == "peft");

        Assert.False(peft.Balanced);
        Assert.Equal([1, 1], peft.Levels.Select(l => l.Cells));
        Assert.Equal([0.6, 0.7], peft.Levels.Select(l => Math.Round(l.Estimate.Mean, 12)));
        Assert.Equal(0.1, peft.Comparisons.Single().Difference.Mean, 12);
    }

    [Fact]
    public void Summarise_OneSeed_HasNoIntervalsAndNoP()
    {
        var summary = Aggregator.Summarise(Grid().Where(t => t.Seed == 0).ToList(), "s/acc", Axes);
        Assert.All(summary.Groups, g => Assert.Null(g.Estimate.Low));
        Assert.All(summary.Factors.SelectMany(f => f.Comparisons), c => Assert.Null(c.P));
        Assert.Equal(3, summary.TiedWithBest.Count);
    }

    [Theory]
    [InlineData("s/acc", "m+b+y+none")]
    [InlineData("s/word_perplexity", "m+a+x+none")]
    public void Summarise_Ranking_FollowsTheMetricsDirection(string metric, string best)
    {
        var trials = Grid().Select(t => t with { Metrics = new Dictionary<string, double> { [metric] = t.Metrics["s/acc"] } }).ToList();
        Assert.Equal(best, Aggregator.Summarise(trials, metric, Axes).Groups[0].Group);
    }

    [Fact]
    public void Summarise_TrainingLoss_ComparesMethodsAloneAndRanksNothing()
    {
        var trials = Grid().SelectMany(t => (ReportTrial[])[t, t with { Name = t.Name.Replace("none", "cue"), Factors = new Dictionary<string, string>(t.Factors) { ["cot"] = "cue" } }])
            .Select(t => t with { Training = t.Name.Replace("cue", "none"), Metrics = new Dictionary<string, double> { ["training/loss"] = t.Metrics["s/acc"] } }).ToList();
        var summary = Aggregator.Summarise(trials, "training/loss", new Dictionary<string, IReadOnlyList<string>>(Axes) { ["cot"] = ["none", "cue"] });
        Assert.Equal(["peft"], summary.Factors.Select(f => f.Factor));
        Assert.Empty(summary.Pairs);
        Assert.Equal(["m+a+x", "m+a+y", "m+b+x", "m+b+y"], summary.Groups.Select(g => g.Group));
        Assert.All(summary.Groups, g => Assert.Null(g.Rank));
        Assert.Empty(summary.TiedWithBest);
        Assert.StartsWith("Losses are compared between methods alone", Assert.Single(summary.NotCompared), StringComparison.Ordinal);
    }

    [Fact]
    public void Summarise_Perplexity_IsAveragedAndComparedInLogarithms()
    {
        // One run of four has gone wild: the arithmetic mean would be it alone.
        double[] a = [8, 8, 8, 8000], b = [4, 4, 4, 4000];
        List<ReportTrial> trials = [.. from seed in Enumerable.Range(0, 4) from t in (ReportTrial[])[Trial("a", "x", seed, a[seed], "s/word_perplexity"), Trial("b", "x", seed, b[seed], "s/word_perplexity")] select t];
        var summary = Aggregator.Summarise(trials, "s/word_perplexity", Axes);
        Assert.Equal(MetricScale.Log, summary.Scale);
        Assert.Equal(8 * Math.Pow(1000, 0.25), summary.Groups[1].Estimate.Mean, 9);
        var factor = summary.Factors.Single().Comparisons.Single();
        Assert.Equal(0.5, factor.Difference.Mean, 12);
        Assert.All(summary.Groups, g => Assert.True(g.Estimate.Low > 0));
    }

    [Fact]
    public void Summarise_Ties_AreThoseWhosePairedIntervalHoldsZero()
    {
        List<ReportTrial> trials =
        [
            .. from seed in Enumerable.Range(0, 4)
               from t in (ReportTrial[])[Trial("a", "x", seed, 0.9 + 0.01 * (seed % 2)), Trial("b", "x", seed, 0.9 - 0.01 * (seed % 2)), Trial("a", "y", seed, 0.5 + 0.01 * seed)]
               select t,
        ];
        Assert.Equal(["m+b+x+none"], Aggregator.Summarise(trials, "s/acc", Axes).TiedWithBest);
    }

    [Fact]
    public void Summarise_ValuesThatAreNoNumbers_AreLeftOut()
    {
        var trials = Grid().Select(t => t.Name == "m+a+x+none+s0" ? t with { Metrics = new Dictionary<string, double> { ["s/acc"] = double.NaN } } : t).ToList();
        var summary = Aggregator.Summarise(trials, "s/acc", Axes);
        Assert.Equal(2, summary.Groups.Single(g => g.Group == "m+a+x+none").Estimate.N);
        Assert.All(summary.Factors.SelectMany(f => f.Levels), l => Assert.True(double.IsFinite(l.Estimate.Mean)));
    }

    [Fact]
    public void Pairs_FullGrid_HoldEveryCombination()
    {
        var pair = Assert.Single(Aggregator.Summarise(Grid(0), "s/acc", Axes).Pairs);
        Assert.Equal((("peft", "data"), (2, 2)), ((pair.Rows, pair.Columns), (pair.RowNames.Count, pair.ColumnNames.Count)));
        Assert.Equal(0.9, pair.Cells[1][1]!.Mean, 12);
    }
}
