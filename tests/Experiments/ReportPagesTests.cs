using System.Text.RegularExpressions;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Reporting;

namespace AlpacaCot.Tests.Experiments;

/// <summary>The report of planted studies as pages: what stands first, what is in bold, what is linked and escaped.</summary>
public sealed class ReportPagesTests
{
    private static SweepReport Of(PlantedStudy study, Func<SweepReport, SweepReport>? with = null)
    {
        var report = ReportExample.Build() with { Metrics = [study.Summary], Findings = study.Sentences, Trials = study.Trials, PrimaryMetric = PlantedStudy.Metric };
        return with is null ? report : with(report);
    }

    [Fact]
    public void Html_TuningDoesHarm_StartsWithThatAndShowsTheBaseEverywhere()
    {
        var html = ReportWriter.Html(Of(new PlantedStudy { Base = _ => 0.95, Tuned = (_, _, _) => 0.5 }));
        Assert.Matches("<p class=\"best\">No tuned group beats the untuned base by sums/exact_match", html);
        Assert.Contains("m+base+answers+cue (untuned)", html, StringComparison.Ordinal);
        // The dashed line: a row each for the six values of the factors and the eight tuned groups.
        Assert.Equal(6 + 8, Regex.Count(html, "<line class=\"base\""));
        Assert.Contains("is worse than the untuned base by", html, StringComparison.Ordinal);
        Assert.Contains("No tuned group beats the untuned base", ReportWriter.Markdown(Of(new PlantedStudy { Base = _ => 0.95, Tuned = (_, _, _) => 0.5 })), StringComparison.Ordinal);
    }

    [Fact]
    public void Html_Comparisons_AreInBoldOnlyWhereTheCorrectedPCarriesIt()
    {
        var study = new PlantedStudy { Base = _ => 0.2, Tuned = (_, data, cot) => data == "rationales" == (cot == "cue") ? 0.8 : 0.4 };
        var html = ReportWriter.Html(Of(study));
        var bold = Regex.Matches(html, "<tr class=\"sure\"><td>(.*?)</td>").Select(m => m.Groups[1].Value).ToHashSet();
        var metric = study.Summary;
        var carried = metric.Factors.SelectMany(f => f.Comparisons).Where(c => c.AdjustedP < 0.05 && !metric.Interactions.Any(i => Findings.Concerns(i, c))).Concat(metric.AgainstBase.Where(c => c.AdjustedP < 0.05));
        Assert.Equal(carried.Select(c => Findings.Of(metric, c)).ToHashSet(), bold);
        Assert.Contains("; depends on cot", html, StringComparison.Ordinal);
        Assert.Contains("<h3>Differences that depend on another factor</h3>", html, StringComparison.Ordinal);
        Assert.DoesNotContain(" equal ", Regex.Replace(html, "<style>.*?</style>", "", RegexOptions.Singleline), StringComparison.Ordinal);
    }

    [Fact]
    public void Html_Metric_StandsWithItsDefinitionAndItems()
        => Assert.Contains("sums/exact_match: share of items whose extracted answer is the reference, over 100 items; larger is better.", ReportWriter.Html(Of(new PlantedStudy { Tuned = (_, _, _) => 0.5 })), StringComparison.Ordinal);

    [Fact]
    public void Html_NamesWithMarkup_AreEscapedEverywhere()
    {
        const string Evil = "<img src=x onerror=alert(1)>|*a*_b_`c`[d](e)&amp;\n# f";
        var study = new PlantedStudy { Tuned = (_, _, _) => 0.5 };
        var report = Of(study, r => r with
        {
            Name = Evil, Description = Evil, Findings = [Evil], Notes = [Evil], Environment = new Dictionary<string, string> { [Evil] = Evil }, Hashes = new Dictionary<string, string> { [Evil] = Evil },
            Trials = [.. study.Trials.Select(t => t with { Name = Evil, Files = [new ReportFile("samples", Evil, "/x/y/" + Evil.Replace("/", "", StringComparison.Ordinal) + "\".jsonl")] })],
            Samples = [new GroupSamples(Evil, Evil, Evil, new AnswerSample(Evil, Evil, Evil, Evil), null)],
            Packs = [new ReportPack(0, [Evil], Evil, 1, 1, 1)],
            DataArms = [new DataArm { Data = Evil, Models = [Evil], Template = Evil, Dropped = new Dictionary<string, long> { [Evil] = 1 }, TrainingCues = [Evil], Cues = new Dictionary<string, long> { [Evil] = 2 }, MatchedWith = [Evil] }],
        });
        var html = ReportWriter.Html(report, "/x");
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.All(Regex.Matches(html, "href=\"([^\"]*)\"").Select(m => m.Groups[1].Value), href => Assert.Matches(@"^\./[A-Za-z0-9._%~/-]*$", href));
        var markdown = ReportWriter.Markdown(report);
        Assert.DoesNotMatch(@"(?<!\\)<img", markdown);
        // No cell breaks its table, no name becomes a heading.
        Assert.DoesNotContain("\n# f", markdown, StringComparison.Ordinal);
        Assert.All(markdown.Split('\n').Where(l => l.Contains("img", StringComparison.Ordinal)), l => Assert.DoesNotMatch(@"(?<!\\)[*`\[]", l));
        foreach (var table in Regex.Split(markdown, "\n\n").Where(t => t.StartsWith('|')))
            Assert.Single(table.TrimEnd().Split('\n').Select(l => Regex.Count(l, @"(?<!\\)\|")).Distinct());
    }

    [Theory]
    [InlineData("goat-arithmetic/exact_match", "goat-arithmetic/exact_match")]
    [InlineData("_a_", @"\_a\_")]
    [InlineData("a*b", @"a\*b")]
    [InlineData("+0.30 (0.1 … 0.5)", @"\+0.30 (0.1 … 0.5)")]
    [InlineData("two\nlines", "two lines")]
    [InlineData("p < 0.05 & q", @"p \< 0.05 \& q")]
    public void Markdown_Text_ShowsAsItIs(string text, string markdown) => Assert.Equal(markdown, MarkdownReport.E(text));

    [Fact]
    public void Html_Files_AreLinkedFromTheReportsFolder()
    {
        var study = new PlantedStudy { Tuned = (_, _, _) => 0.5 };
        var html = ReportWriter.Html(Of(study, r => r with { Trials = [study.Trials[0] with { Files = [new ReportFile("adapter", "", "/home/sweeps/s/pack-0/1/m+lora"), new ReportFile("samples", "sums", "/home/cache/x.jsonl")] }] }), "/home/sweeps/s");
        Assert.Contains("<a href=\"./pack-0/1/m%2Blora\">adapter</a>", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"./../../cache/x.jsonl\">samples of sums</a>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_Samples_ShowARightAndAWrongAnswer()
    {
        var samples = new GroupSamples("sums", "m+lora", "m+lora+s0", new AnswerSample("1+1=", "2", "2", "2"), new AnswerSample("2+2=", "five", "", "4"));
        var html = ReportWriter.Html(Of(new PlantedStudy { Tuned = (_, _, _) => 0.5 }, r => r with { Samples = [samples] }));
        Assert.Contains("right: 2, expected 2", html, StringComparison.Ordinal);
        Assert.Contains("wrong: (no answer found), expected 4", html, StringComparison.Ordinal);
        Assert.Contains("<pre>2+2=<span class=\"said\">five</span></pre>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_Parts_AreMeansOverSeedsWithIntervalsOfTheirItems()
    {
        ResultPart Part(string name, double value) => new(name, 20, new Dictionary<string, double> { ["exact_match"] = value }, new Dictionary<string, double> { ["exact_match"] = Math.Sqrt(value * (1 - value) / 19) });
        var trials = new PlantedStudy { Tuned = (_, _, _) => 0.5 }.Trials
            .Select(t => t with { Details = new Dictionary<string, ResultDetail> { ["sums"] = t.Details["sums"] with { Parts = [Part("add_3", 0), Part("add_2", 0.6)] } } }).ToList();
        var parts = Breakdowns.Of(trials, MetricTraits.Of(PlantedStudy.Metric), [trials[0].Group])!;
        Assert.Equal(["add_2", "add_3"], parts.Parts.Select(p => p.Name));
        var (two, three) = (parts.Rows[0].Estimates[0]!, parts.Rows[0].Estimates[1]!);
        Assert.Equal((0.6, 0), (Math.Round(two.Mean, 12), three.Mean));
        Assert.True(two.Low > 0.3 && two.High < 0.85 && three.Low == 0 && three.High > 0.1);
    }

    [Fact]
    public void GuessingLoss_NearTheLogOfTheVocabulary_IsNamed()
    {
        Assert.Equal(Math.Log(32_000), ReportNotes.GuessingLoss(10.37, 32_000));
        Assert.Equal(Math.Log(32_000), ReportNotes.GuessingLoss(14, 32_000));
        Assert.Null(ReportNotes.GuessingLoss(9.5, 32_000));
        Assert.Null(ReportNotes.GuessingLoss(10.37, 0));
    }

    /// <summary>A base that did not know the texts begins worse than a guess: its adapter has destroyed nothing.</summary>
    [Theory]
    [InlineData(2.1, "destroyed", "A lower learning rate")]
    [InlineData(null, "destroyed", "A lower learning rate")]
    [InlineData(7.14, "has not learnt what was taught", "higher learning rate")]
    public void Guessing_AtTheEnd_IsDestroyedOnlyWhereItBeganBetter(double? first, string says, string advises)
    {
        var trial = PlantedStudy.Trial("ia3", "rationales", "plain", 0, [1, 0]) with
        {
            FirstLoss = first, GuessingLoss = 5.61, Metrics = new Dictionary<string, double> { [MetricTraits.TrainingLoss] = 5.75 },
        };
        var note = Assert.Single(ReportNotes.Guessing([trial, trial with { Training = "other", GuessingLoss = null }]));
        Assert.Contains(says, note, StringComparison.Ordinal);
        Assert.Contains(advises, note, StringComparison.Ordinal);
        Assert.Contains($"{trial.Training} ({(first is { } began ? $"{began:0.00} to " : "")}5.75; guessing has 5.61)", note, StringComparison.Ordinal);
        Assert.DoesNotContain("other", note, StringComparison.Ordinal);
    }
}
