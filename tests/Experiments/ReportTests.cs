using System.Text.Json;
using System.Text.RegularExpressions;
using AlpacaCot.Experiments.Aggregation;
using AlpacaCot.Experiments.Planning;
using AlpacaCot.Experiments.Reporting;
using AlpacaCot.Experiments.Scheduling;
using AlpacaCot.Specs;
using AlpacaCot.Specs.Keys;

namespace AlpacaCot.Tests.Experiments;

public sealed class ReportTests
{
    [Fact]
    public void Html_Example_IsOneFileWithPicturesAndNothingFromElsewhere()
    {
        var html = ReportWriter.Html(ReportExample.Build());

        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("src=", html, StringComparison.OrdinalIgnoreCase);
        // Marginal means, differences and groups; of the losses and of two further metrics marginal means.
        Assert.Equal(3 + 3, Regex.Count(html, "class=\"plot\""));
        Assert.Equal(6, Regex.Count(html, "class=\"heat\""));
        Assert.Equal(2, Regex.Count(html, "class=\"curve\""));
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
        Assert.Contains("llama-2m+lora-r8+steps+cue", html, StringComparison.Ordinal);
        Assert.True(html.Length < 400_000, $"{html.Length} characters");
    }

    [Fact]
    public void Html_NamesWithMarkup_AreEscaped()
    {
        var report = ReportExample.Build() with { Description = "<script>alert(1)</script>" };
        Assert.DoesNotContain("<script", ReportWriter.Html(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_FailedTrial_IsShownWithItsReasonEverywhere()
    {
        var report = ReportExample.Build(failTrial: 5);
        Assert.All([ReportWriter.Html(report), ReportWriter.Markdown(report), ReportWriter.Json(report)], text => Assert.Contains("item 7 of goat-arithmetic", text, StringComparison.Ordinal));
        Assert.Contains(report.Notes, n => n.StartsWith("1 trial has failed", StringComparison.Ordinal));
        Assert.Equal(51, report.Counts.Succeeded);
    }

    [Fact]
    public void Build_MembersThatTrainedTogether_CountTheirSecondsOnce()
    {
        // 24 adapters in 4 packs of 8.6 s each.
        var report = ReportExample.Build();
        Assert.Equal(4, report.Accounting.Packs);
        Assert.Equal(4 * 8.6, report.Accounting.TrainingSeconds, 6);
    }

    [Fact]
    public void Build_TakenOver_SaysFromWhere()
    {
        var sweep = Sweeps.One();
        sweep.Apply(new AdapterFromCache(0, SweepHarness.Adapter(0) with { From = "e/other" }));
        sweep.Apply(new ResultFromCache(0, SweepHarness.Result("x") with { From = "e/other" }));
        sweep.FinishRest();
        sweep.Restart();
        var report = ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now);
        Assert.Equal(["e/other", "e/other", null, null], report.Trials.Select(t => t.TakenOverFrom));
        Assert.Equal(2, report.Accounting.FromCache);
        Assert.Contains(report.Notes, n => n.StartsWith("2 of 4 trials were taken over from e/other", StringComparison.Ordinal));
        // The time of what was taken over was spent elsewhere.
        Assert.Equal(2, report.Accounting.TrainingSeconds, 6);
        Assert.Contains("of e/other", ReportWriter.Markdown(report), StringComparison.Ordinal);
        Assert.Contains("of e/other", ReportWriter.Html(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Build_OneEvaluationFailed_ItsOthersCount()
    {
        var report = ReportExample.Build(failTrial: 5);
        var trial = report.Trials[5];
        Assert.Equal(TrialStatus.Failed, trial.Status);
        Assert.DoesNotContain(trial.Metrics.Keys, m => m.StartsWith("goat-arithmetic/", StringComparison.Ordinal));
        Assert.Contains("perplexity/word_perplexity", trial.Metrics.Keys);
    }

    [Fact]
    public void Json_Example_HasTheDocumentedKeys()
    {
        var json = JsonDocument.Parse(ReportWriter.Json(ReportExample.Build())).RootElement;

        Assert.Equal("rationales", json.GetProperty("name").GetString());
        Assert.Equal(52, json.GetProperty("trials").GetArrayLength());
        var trial = json.GetProperty("trials")[0];
        Assert.Equal("llama-0.6m+lora-r8+direct+none+s0", trial.GetProperty("name").GetString());
        Assert.Equal("succeeded", trial.GetProperty("state").GetString());
        Assert.InRange(trial.GetProperty("metrics").GetProperty("goat-arithmetic/exact_match").GetDouble(), 0.2, 0.5);
        Assert.Equal("goat-arithmetic/exact_match", json.GetProperty("aggregates")[0].GetProperty("metric").GetString());
        Assert.Equal(24, json.GetProperty("accounting").GetProperty("trainings").GetInt32());
    }

    [Fact]
    public void Build_Example_FindsWhatIsTrueOfIt()
    {
        var primary = ReportExample.Build().Metrics[0];
        Assert.Equal("goat-arithmetic/exact_match", primary.Metric);
        Assert.Equal("llama-2m+lora-r8+steps+cue", primary.Groups[0].Group);
        var steps = primary.Factors.Single(f => f.Factor == "data").Comparisons.Single(c => c.Reference == "direct");
        Assert.True(steps.Difference.Mean > 0.2 && steps.AdjustedP < 0.05);
    }

    [Fact]
    public void Build_NothingMeasured_StillMakesAReport()
    {
        var state = SweepState.Create("s", SweepDocument.ParseValid(Specs.Smallest), SpecIdentities.None, new PlanLimits(), new SchedulingOptions(), SweepHarness.Start);
        var report = ReportBuilder.Build(state, [], new Dictionary<string, string>(), SweepHarness.Start.AddSeconds(5));
        Assert.Contains("0 / 1", ReportWriter.Html(report), StringComparison.Ordinal);
        Assert.Contains("0 of 1 trials done", ReportWriter.Markdown(report), StringComparison.Ordinal);
        Assert.Null(report.PrimaryMetric);
    }

    [Fact]
    public void Build_SweepThatNothingDrives_SaysInterruptedAndThatNothingRuns()
    {
        var sweep = Sweeps.One();
        sweep.RunPack();
        SweepReport Report(bool driven) => ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now, driven: driven);
        Assert.Contains(">running<", ReportWriter.Html(Report(driven: true)), StringComparison.Ordinal);
        Assert.Equal("running", JsonDocument.Parse(ReportWriter.Json(Report(driven: true))).RootElement.GetProperty("status").GetString());

        var left = Report(driven: false);
        var (html, markdown) = (ReportWriter.Html(left), ReportWriter.Markdown(left));
        Assert.Equal("interrupted", JsonDocument.Parse(ReportWriter.Json(left)).RootElement.GetProperty("status").GetString());
        foreach (var text in (string[])[html, markdown])
        {
            Assert.Contains("interrupted: nothing works on what is left", text, StringComparison.Ordinal);
            Assert.DoesNotContain("running", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Build_SweepThatHasEnded_IsNotInterruptedThoughNothingDrivesIt()
    {
        var sweep = Sweeps.One();
        sweep.FinishRest();
        var report = ReportBuilder.Build(sweep.State, [], new Dictionary<string, string>(), sweep.Now, driven: false);
        Assert.Equal("completed", JsonDocument.Parse(ReportWriter.Json(report)).RootElement.GetProperty("status").GetString());
        Assert.DoesNotContain("interrupted", ReportWriter.Html(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Thin_LongCurve_KeepsEndsAndMeans()
    {
        var points = Enumerable.Range(1, 10_000).Select(s => new CurvePoint(s, s)).ToList();
        var thin = CurveSmoothing.Thin(points, 100);
        Assert.Equal((100, points[0], points[^1]), (thin.Count, thin[0], thin[^1]));
        Assert.All(thin, p => Assert.InRange(p.Loss - p.Step, -1, 1));
        Assert.Same(points, CurveSmoothing.Thin(points, 10_000));
    }

    [Fact]
    public void Smooth_ConstantWithHoles_StaysConstant()
        => Assert.All(CurveSmoothing.Smooth([new(1, 2), new(2, double.NaN), new(3, 2), new(4, 2)]), p => Assert.Equal(2, p.Loss, 12));

    [Fact]
    public void State_ValuesThatAreNoNumbers_SurviveTheRecord()
    {
        var sweep = new SweepHarness(Specs.Smallest + "\nevaluation: x");
        var pack = sweep.RunPack();
        sweep.Apply(new ProgressReported(pack.Fence, 0, 1, double.NaN, 1));
        sweep.Finish(pack);
        sweep.Apply(new ResultReported(sweep.RunEvaluation().Fence, 0, new EvaluationResult("x", new Dictionary<string, double> { ["perplexity"] = double.PositiveInfinity }, 1, 1, null)));
        sweep.Restart();
        Assert.Equal(double.PositiveInfinity, sweep.State.View(0).Metrics["x/perplexity"]);
    }
}
