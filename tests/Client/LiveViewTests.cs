using System.Text.Json;
using AlpacaCot.Client.Console;
using AlpacaCot.Grains.Contracts;
using Spectre.Console;
using SweepStatus = AlpacaCot.Grains.Contracts.SweepStatus;
using TrialStatus = AlpacaCot.Grains.Contracts.TrialStatus;

namespace AlpacaCot.Tests.Client;

/// <summary>What is on the screen while a sweep runs, and when it has ended.</summary>
public sealed class LiveViewTests
{
    private static readonly SweepProgress _progress = new()
    {
        Name = "study", State = "running", Trials = 128, Done = 6,
        Packs =
        [
            new PackStatus("pack-1", "running", "local/cpu1", 12, 1, 16, 140, 2000, 10.07761, 29472, "train m+lora+d+s2") { Phase = "train", SecondsLeft = 0.4 },
            new PackStatus("evaluation-10", "running", "local/cpu0", 13, 1, 14, 3, 12, null, null, "evaluate m+base+plain") { Phase = "evaluate", SecondsLeft = 200 },
            new PackStatus("pack-0", "done", null, 11, 1, 6, 0, 0, null, null, null),
        ],
    };

    private static string[] Drawn(SweepProgress progress, int width)
    {
        var screen = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(screen) });
        console.Profile.Width = width;
        console.Write(LiveTable.Draw(progress, width));
        return [.. screen.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(140)]
    public void Table_AnyWidth_HasALineARow_AndNoCellIsBroken(int width)
    {
        var lines = Drawn(_progress, width);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, width));
        Assert.Equal("study: 6 of 128 trials done, 0 failed", lines[0]);
        Assert.Equal("ends next: train m+lora+d+s2, in under 1 s", lines[^1]);
        // Borders and head apart, a line a pack.
        var rows = lines[1..^1].Where(line => line.StartsWith('│')).Skip(1).ToList();
        Assert.Equal(3, rows.Count);
        foreach (var part in (string[])["pack-1 (16)", "train", "140/2000", "under 1 s"]) Assert.Contains(part, rows[0], StringComparison.Ordinal);
        foreach (var part in (string[])["evaluation-10 (14)", "evaluate", "3/12", "3 min"]) Assert.Contains(part, rows[1], StringComparison.Ordinal);
        Assert.Contains("done", rows[2], StringComparison.Ordinal);
        // What there is no room for is left out whole.
        Assert.Equal(width >= 80, rows[0].Contains("10.0776", StringComparison.Ordinal));
        Assert.Equal(width >= 100, rows[0].Contains("local/cpu1", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains('…', StringComparison.Ordinal));
    }

    [Fact]
    public void Table_NameWithMarkup_IsShownAsItIs() => Assert.Contains("[red]x: ", Drawn(_progress with { Name = "[red]x" }, 80)[0], StringComparison.Ordinal);

    [Fact]
    public void Summary_SaysWhatWasFoundFirst_AndNeedsNoScreenfuls()
    {
        var report = JsonDocument.Parse("""
            {"findings": ["No tuned group beats the untuned base by sums/exact_match: m+base+plain has 0.950.", "Another sentence."],
             "aggregates": [{"metric": "sums/exact_match", "groups": [
                {"group": "m+base+plain", "rank": 1, "is_base": true, "base_mean": null, "estimate": {"mean": 0.95, "low": 0.9, "high": 0.98}},
                {"group": "m+lora+d+plain", "rank": 2, "is_base": false, "base_mean": 0.95, "estimate": {"mean": 0.4, "low": null, "high": null}}]}],
             "notes": ["One seed: there are no intervals."]}
            """).RootElement;
        var output = new StringWriter { NewLine = "\n" };
        var status = new SweepStatus { Name = "s", State = "done", Report = "/x/report.html", Trials = [new TrialStatus { Name = "a", State = "succeeded" }, new TrialStatus { Name = "b", State = "failed", Message = "no rows" }] };
        SummaryView.Print(status, report, output);
        var lines = output.ToString().Split('\n');
        Assert.Equal("sweep s: done, 1 of 2 trials done, 1 failed", lines[0]);
        Assert.Equal("  failed b: no rows", lines[1]);
        Assert.StartsWith("· No tuned group beats the untuned base", lines[3], StringComparison.Ordinal);
        var table = lines.Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        foreach (var row in (string[])["rank sums/exact_match mean 95 % interval untuned base", "1 m+base+plain (untuned) 0.950 0.900 … 0.980", "2 m+lora+d+plain 0.400 0.950"]) Assert.Contains(row, table);
        Assert.Contains("  · One seed: there are no intervals.", lines);
        Assert.Contains("/x/report.md", output.ToString(), StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
    }
}
