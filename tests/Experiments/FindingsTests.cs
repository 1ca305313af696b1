using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;

namespace AlpacaCot.Tests.Experiments;

/// <summary>What a report says of studies whose truth was planted.</summary>
public sealed class FindingsTests
{
    private static readonly PlantedStudy _harm = new() { Base = _ => 0.95, Tuned = (_, data, _) => data == "answers" ? 0.7 : 0.4 };
    private static readonly PlantedStudy _equal = new() { Base = _ => 0.5, Tuned = (_, _, _) => 0.5 };
    private static readonly PlantedStudy _flip = new() { Base = _ => 0.2, Tuned = (_, data, cot) => data == "rationales" == (cot == "cue") ? 0.8 : 0.4 };
    private static readonly PlantedStudy _unsolved = new() { Base = _ => 0, Tuned = (_, _, _) => 0 };

    [Fact]
    public void Of_TuningDoesHarm_IsTheFirstSentence()
    {
        var first = _harm.Sentences[0];
        Assert.StartsWith("No tuned group beats the untuned base by sums/exact_match: m+base+answers+", first, StringComparison.Ordinal);
        Assert.EndsWith("All 8 tuned groups are worse.", first, StringComparison.Ordinal);
        Assert.Contains("the best tuned group, m+", first, StringComparison.Ordinal);
        Assert.StartsWith("Best by sums/exact_match: m+base+answers+", _harm.Sentences[1], StringComparison.Ordinal);
        // All are worse: a count of those that cannot be told from it, corrected otherwise, would deny that.
        Assert.DoesNotContain(_harm.Sentences, s => s.Contains("of the other", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_TuningDoesHarmToTwoModels_SaysSoOfBoth()
    {
        List<ReportTrial> two = [.. _harm.Trials, .. _harm.Trials.Select(t => t with
        {
            Name = "n" + t.Name[1..], Group = "n" + t.Group[1..], Base = t.Base is { } of ? "n" + of[1..] : null, Training = "n" + t.Training, Factors = new Dictionary<string, string>(t.Factors) { ["model"] = "n" },
        })];
        var sentences = Findings.Of([Aggregator.Summarise(two, PlantedStudy.Metric, new Dictionary<string, IReadOnlyList<string>>(PlantedStudy.Axes) { ["model"] = ["m", "n"] })]);
        Assert.Equal("No tuned group beats its untuned base by sums/exact_match.", sentences[0]);
        Assert.StartsWith("m: m+base+answers+", sentences[1], StringComparison.Ordinal);
        Assert.StartsWith("n: n+base+answers+", sentences[2], StringComparison.Ordinal);
        // What never differs between the two models is not compared between them.
        Assert.DoesNotContain(sentences, s => s.StartsWith("n cannot", StringComparison.Ordinal) || s.StartsWith("n is", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_TuningDoesHarm_ComparesEachValueWithTheBase()
    {
        var data = _harm.Summary.Factors.Single(f => f.Factor == "data").Comparisons;
        Assert.Equal([("answers", "rationales"), ("base", "answers"), ("base", "rationales")], data.Select(c => (c.Reference, c.Name)));
        Assert.All(data, c => Assert.True(c.IsTold));
        Assert.InRange(data[2].Difference.Mean, -0.65, -0.45);
        Assert.Contains(_harm.Sentences, s => s.StartsWith("rationales is worse than the untuned base by 0.5", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_NothingSolved_SaysOnlyThat()
    {
        Assert.Equal(["Nothing was solved: sums/exact_match is 0 for all 10 groups, the untuned base's too, each asked 100 items, and there is nothing to compare."], _unsolved.Sentences);
        // Wilson's upper end for none of 100.
        Assert.All(_unsolved.Summary.Groups, g => Assert.Equal((0, 0.0370), (g.Estimate.Low!.Value, Math.Round(g.Estimate.High!.Value, 4))));
        Assert.All(_unsolved.Summary.Groups, g => Assert.Equal(1, g.Rank));
    }

    [Fact]
    public void Of_OnlyTheBaseSolves_SaysThatTuningBeatsNothing()
    {
        var study = new PlantedStudy { Base = _ => 0.3, Tuned = (_, _, _) => 0 };
        Assert.StartsWith("No tuned group beats the untuned base", study.Sentences[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_InteractionThatTurnsASign_GivesTheSimpleEffectsAndNoMeanOfThem()
    {
        var sentence = Assert.Single(_flip.Sentences, s => s.StartsWith("rationales against answers", StringComparison.Ordinal));
        Assert.StartsWith("rationales against answers depends on cot: −0.", sentence, StringComparison.Ordinal);
        Assert.Contains(" with plain, +0.", sentence, StringComparison.Ordinal);
        Assert.EndsWith("Its sign turns, so a mean over cot would describe neither.", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain(_flip.Sentences, s => s.Contains("rationales cannot", StringComparison.Ordinal) || s.Contains("rationales is", StringComparison.Ordinal) && s.Contains("than answers", StringComparison.Ordinal));
        var interaction = _flip.Summary.Interactions.Single(i => (i.Factor, i.By, i.Reference) == ("data", "cot", "answers"));
        Assert.Equal(("answers", "rationales", true), (interaction.Reference, interaction.Name, interaction.TurnsSign));
        Assert.All(interaction.Effects, e => Assert.InRange(Math.Abs(e.Difference.Mean), 0.3, 0.5));
    }

    [Fact]
    public void Of_InteractionOfSizeAlone_SaysThatAMeanHidesIt()
    {
        var study = new PlantedStudy { Tuned = (_, data, cot) => data == "answers" ? 0.2 : cot == "cue" ? 0.9 : 0.5 };
        Assert.Contains(study.Sentences, s => s.StartsWith("rationales against answers depends on cot: +0.", StringComparison.Ordinal) && s.EndsWith("A mean over cot would hide that.", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_FactorsThatAdd_FindsNoInteraction()
    {
        var study = new PlantedStudy { Seeds = 5, Tuned = (_, data, cot) => 0.3 + (data == "rationales" ? 0.2 : 0) + (cot == "cue" ? 0.15 : 0) };
        Assert.Empty(study.Summary.Interactions);
        Assert.Contains(study.Sentences, s => s.StartsWith("rationales is better than answers by 0.", StringComparison.Ordinal));
        Assert.Contains(study.Sentences, s => s.StartsWith("cue is better than plain by 0.", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_EqualGroups_CannotBeToldApart()
    {
        Assert.StartsWith("No tuned group beats the untuned base by sums/exact_match: ", _equal.Sentences[0], StringComparison.Ordinal);
        Assert.EndsWith("None of its tuned groups can be told from it.", _equal.Sentences[0], StringComparison.Ordinal);
        Assert.StartsWith("The 10 groups cannot be told apart by sums/exact_match: they reach from 0.", _equal.Sentences[1], StringComparison.Ordinal);
        Assert.EndsWith("which is within what seeds and items do.", _equal.Sentences[1], StringComparison.Ordinal);
        Assert.Equal(2, _equal.Sentences.Count);
        Assert.Equal(9, _equal.Summary.TiedWithBest.Count);
        foreach (var text in _equal.Sentences) Assert.DoesNotContain("equal", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Of_TunedGroupsNoMoreThanLuckAhead_AreNotSaidToBeatTheBase()
    {
        var study = new PlantedStudy { Base = _ => 0.5, Tuned = (_, _, _) => 0.53 };
        Assert.StartsWith("No tuned group can be told to beat its untuned base by sums/exact_match: the nearest, m+", study.Sentences[0], StringComparison.Ordinal);
    }

    /// <summary>Nothing gained is half of it: that a group was ruined is said too.</summary>
    [Fact]
    public void Of_NothingGainedAndSomeRuined_SaysHowManyAreWorse()
    {
        var study = new PlantedStudy { Base = _ => 0.5, Tuned = (peft, data, _) => peft == "lora" && data == "answers" ? 0.05 : 0.53 };
        Assert.StartsWith("No tuned group can be told to beat its untuned base by sums/exact_match: ", study.Sentences[0], StringComparison.Ordinal);
        Assert.StartsWith("2 of 8 tuned groups of m are worse than the untuned base, 0.", study.Sentences[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_OneSeedAheadOfTheBase_SaysWhatTheBaseHas()
    {
        var study = new PlantedStudy { Seeds = 1, Base = _ => 0.3, Tuned = (_, _, _) => 0.7 };
        Assert.StartsWith("No tuned group of m can be told to beat its untuned base by sums/exact_match: m+base+answers+", study.Sentences[0], StringComparison.Ordinal);
        Assert.EndsWith("With one seed it cannot be told what of that is luck.", study.Sentences[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_BaseAmongTheBest_IsNamedFirst()
    {
        var study = new PlantedStudy { Base = _ => 1, Tuned = (_, data, _) => data == "answers" ? 0.2 : 1 };
        var sentence = Assert.Single(study.Sentences, s => s.StartsWith("Best by sums/exact_match: m+base+answers+plain (untuned), m+base+answers+cue (untuned), m+", StringComparison.Ordinal));
        Assert.EndsWith(" and 3 more, 1.000 (0.963 … 1.000).", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_SeveralBest_CountsTheOthersWithoutThem()
    {
        var study = new PlantedStudy { Tuned = (_, data, _) => data == "answers" ? 0.2 : 1 };
        Assert.EndsWith(", 1.000 (0.963 … 1.000). They can be told from all 4 others.", study.Sentences[0], StringComparison.Ordinal);
    }

    /// <summary>With few items no single group may be told from the best while a difference over all of them can: the two sentences must not deny each other.</summary>
    [Fact]
    public void Of_DifferencesToldOverGroupsThatCannotBe_DoesNotCallThemNoise()
    {
        var study = new PlantedStudy { Items = 12, Tuned = (_, _, cot) => cot == "cue" ? 0.15 : 0.55 };
        Assert.Equal(7, study.Summary.TiedWithBest.Count);
        Assert.Contains(study.Sentences, s => s.StartsWith("cue is worse than plain by 0.", StringComparison.Ordinal));
        Assert.StartsWith("Taken one by one, none of the 8 groups can be told from the best by sums/exact_match: they reach from 0.", study.Sentences[0], StringComparison.Ordinal);
        Assert.DoesNotContain(study.Sentences, s => s.Contains("within what seeds and items do", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_OneValueEverywhere_RanksNothing()
    {
        var study = new PlantedStudy { Tuned = (_, _, _) => 1 };
        Assert.Equal(["The 8 groups cannot be told apart by sums/exact_match: each has the mean 1.000 (0.963 … 1.000)."], study.Sentences);
        Assert.Empty(study.Summary.Factors);
        Assert.Equal(
            ["The values of peft are not compared: every trial has the very same value under each of them.", "The values of data are not compared: every trial has the very same value under each of them.",
                "The values of cot are not compared: every trial has the very same value under each of them."],
            study.Summary.NotCompared);
    }

    [Fact]
    public void Of_DifferenceWithTheBaseThatDependsOnTheCue_SaysSo()
    {
        // Both ways of asking serve the base alike; what was tuned is ruined by one of them.
        var study = new PlantedStudy { Base = _ => 0.6, Tuned = (_, data, cot) => data == "answers" && cot == "cue" ? 0.1 : 0.6 };
        Assert.Contains(study.Sentences, s => s.StartsWith("answers against the untuned base depends on cot: ", StringComparison.Ordinal));
        Assert.DoesNotContain(study.Sentences, s => s.StartsWith("answers is worse than the untuned base", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_SomeGroupsBeatTheBase_SaysHowMany()
    {
        var study = new PlantedStudy { Base = _ => 0.3, Tuned = (_, data, _) => data == "answers" ? 0.1 : 0.8 };
        Assert.StartsWith("Best by sums/exact_match: m+", study.Sentences[0], StringComparison.Ordinal);
        Assert.Contains(study.Sentences, s => s.StartsWith("4 of 8 tuned groups of m beat the untuned base, 0.", StringComparison.Ordinal) && s.EndsWith("; 4 are worse than it.", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_OneSeed_TellsNothingApart()
    {
        var study = new PlantedStudy { Seeds = 1, Tuned = (_, data, _) => data == "answers" ? 0.3 : 0.7 };
        Assert.EndsWith("With one seed it cannot be told from the others.", Assert.Single(study.Sentences), StringComparison.Ordinal);
        // The items' noise is known all the same.
        Assert.All(study.Summary.Groups, g => Assert.True(g.Estimate.High - g.Estimate.Low > 0.15));
        Assert.All(study.Summary.Factors.SelectMany(f => f.Comparisons), c => Assert.Null(c.P));
    }

    [Fact]
    public void Summary_SeedsThatAgree_HaveIntervalsAsWideAsTheirItemsMakeThem()
    {
        var study = new PlantedStudy { Items = 40, BySeed = 0, Tuned = (_, _, _) => 0.5, Base = _ => 0.5 };
        Assert.All(study.Summary.Groups, g => Assert.True(g.Estimate.High - g.Estimate.Low > 0.15, $"{g.Estimate}"));
        Assert.All(study.Summary.Factors.SelectMany(f => f.Comparisons), c => Assert.True(c.Difference.High > c.Difference.Low));
        Assert.All(study.Summary.Groups, g => Assert.Equal(40, g.Estimate.Items));
    }

    /// <summary>A metric that is 1 at most and has no least is no share; where all items agree, they are few all the same.</summary>
    [Fact]
    public void Summary_ItemsThatAgreeOnWhatIsNoShare_HaveAnIntervalToo()
    {
        const string Metric = "sums/digit_match";
        var trials = new PlantedStudy { Items = 50, Tuned = (peft, _, _) => peft == "lora" ? 1 : 0 }.Trials.Select(t => t with
        {
            // What was answered wrongly is three times as long as what was asked for.
            Metrics = new Dictionary<string, double> { [Metric] = 1 - 3 * (1 - t.Metrics[PlantedStudy.Metric]) },
            Details = new Dictionary<string, ResultDetail> { ["sums"] = new() { Items = 50, Scores = new Dictionary<string, ItemScores> { ["digit_match"] = new([.. t.Details["sums"].Scores["exact_match"].Numerators.Select(a => 1 - 3 * (1 - a))]) } } },
        });
        var summary = Aggregator.Summarise([.. trials], Metric, PlantedStudy.Axes);
        Assert.All(summary.Groups, g => Assert.Equal(g.Estimate.Mean, g.Factors["peft"] == "lora" ? 1 : -2));
        Assert.All(summary.Groups, g => Assert.InRange(g.Estimate.High!.Value - g.Estimate.Low!.Value, 0.03, 0.1));
        Assert.All(summary.Groups, g => Assert.True(g.Estimate.High <= 1));
        Assert.All(summary.Factors.SelectMany(f => f.Comparisons), c => Assert.True(c.Difference.High > c.Difference.Low));
    }

    /// <summary>However it falls, intervals of shares stay within 0 and 1, differences within −1 and 1, and none has no width.</summary>
    [PropertyTest(40)]
    public void Summary_AnyShares_IntervalsStayWithinWhatSharesCanBe(byte a, byte b, byte untuned, byte seeds, byte items)
    {
        var study = new PlantedStudy
        {
            Seeds = 1 + seeds % 3, Items = 2 + items % 30, Base = _ => untuned / 255.0, Tuned = (_, data, _) => (data == "answers" ? a : b) / 255.0, BySeed = 0.3,
        };
        var summary = study.Summary;
        Assert.All(summary.Groups.Select(g => g.Estimate).Concat(summary.Factors.SelectMany(f => f.Levels).Select(l => l.Estimate)), e => Assert.True(e.Low >= 0 && e.High <= 1 && e.High > e.Low && e.Mean >= e.Low && e.Mean <= e.High, $"{e}"));
        Assert.All(summary.Factors.SelectMany(f => f.Comparisons).Concat(summary.AgainstBase), c => Assert.True(c.Difference.Low >= -1 && c.Difference.High <= 1 && c.Difference.High > c.Difference.Low, $"{c}"));
    }
}
